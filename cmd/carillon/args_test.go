package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		operation, args, stdin, want string
	}{
		{"CreateAccount", "Name=a=b", "", `{"Name":"a=b"}`},
		{"CreateAccount", "Name=", "", `{"Name":""}`},
		{"ListAccounts", "MaxResults=5", "", `{"MaxResults":5}`},
		{"BatchSuspendUser", "AccountId=x UserIdList=a,b UserIdList=c", "", `{"AccountId":"x","UserIdList":["a","b","c"]}`},
		{"BatchSuspendUser", `AccountId=x UserIdList=["a,b"]`, "", `{"AccountId":"x","UserIdList":["a,b"]}`},
		{"UpdateUser", "AccountId=x UserId=y AlexaForBusinessMetadata.IsAlexaForBusinessEnabled=true AlexaForBusinessMetadata.AlexaForBusinessRoomArn=z", "",
			`{"AccountId":"x","AlexaForBusinessMetadata":{"AlexaForBusinessRoomArn":"z","IsAlexaForBusinessEnabled":true},"UserId":"y"}`},
		{"UpdateUser", `AccountId=x UserId=y AlexaForBusinessMetadata={"IsAlexaForBusinessEnabled":false}`, "",
			`{"AccountId":"x","AlexaForBusinessMetadata":{"IsAlexaForBusinessEnabled":false},"UserId":"y"}`},
		{"BatchUpdateUser", `AccountId=x UpdateUserRequestItems={"UserId":"a"} UpdateUserRequestItems=[{"UserId":"b"}]`, "",
			`{"AccountId":"x","UpdateUserRequestItems":[{"UserId":"a"},{"UserId":"b"}]}`},
		{"CreateUser", `{"AccountId":"x","Email":"a@b.c"} Email=d@e.f`, "", `{"AccountId":"x","Email":"d@e.f"}`},
		{"CreateUser", `AccountId=x {"Email":"a@b.c"}`, `{"AccountId":"y","Username":"z"}`, `{"AccountId":"x","Email":"a@b.c","Username":"z"}`},
	} {
		file := ""
		if c.stdin != "" {
			file = "-"
		}
		got, err := members(api.ByName(c.operation), strings.Fields(c.args), file, strings.NewReader(c.stdin))
		if diff := cmp.Diff(c.want, string(got)); diff != "" || err != nil {
			t.Errorf("%s %s: %v\n%s", c.operation, c.args, err, diff)
		}
	}
}

// TestEveryOperationHasHelp looks for what the tables leave out.
func TestEveryOperationHasHelp(t *testing.T) {
	t.Parallel()
	for _, op := range api.AllOperations {
		var b strings.Builder
		printOperation(&b, op)
		for _, f := range op.Input.Fields {
			if !strings.Contains(b.String(), "\n  "+f.Name+": ") || !strings.Contains(b.String(), f.Name+"=") && f.Shape.Kind != api.KindStructure {
				t.Errorf("%s: %s is not described:\n%s", op.Name, f.Name, b.String())
			}
		}
	}
}

func TestFlagsFirst(t *testing.T) {
	t.Parallel()
	var c cli
	parser, err := newParser(&process{env: environment()}, &c)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"":                                  "",
		"serve --data x y":                  "serve --data x y",
		"call Op A=1":                       "call Op A=1",
		"call Op A=1 --query X B=2":         "call --query X Op A=1 B=2",
		"call --all Op A=1 --json - B=2":    "call --all --json - Op A=1 B=2",
		"call Op --query=X A=1":             "call --query=X Op A=1",
		"call Op --data d A=1 --help":       "call --data d --help Op A=1",
		"call Op --nonsense A=1":            "call --nonsense Op A=1",
		"call Op A=1 --query":               "call --query Op A=1",
		"call Op --all -- A=1 --not-a-flag": "call --all Op -- A=1 --not-a-flag",
	} {
		if got := strings.Join(flagsFirst(parser, strings.Fields(line)), " "); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
