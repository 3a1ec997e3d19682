package main

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/sheet"
)

// TestBatches cuts a long file into requests that the server takes: neither too many rows nor too many bytes.
func TestBatches(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"A Name", strings.Repeat("x", 900), strings.Repeat(`\`, 900)} {
		var file strings.Builder
		file.WriteString("mail;name\n")
		const rows = 3000
		for i := range rows {
			fmt.Fprintf(&file, "user%d@example.com;%s\n", i, name)
		}
		kind := &importKind{
			outcomes: []string{"Created", "Refused"}, required: []int{userEmail}, read: readUser,
			key: func(item any) string { return item.(api.ImportUser).Email },
			input: func(items []any, _ bool) any {
				in := &api.ImportUsersInput{AccountID: "x"}
				for _, item := range items {
					in.Users = append(in.Users, item.(api.ImportUser))
				}
				return in
			},
		}
		i := &bulkImport{importFlags: &importFlags{columnRules: columnRules{fields: userFields}}, kind: kind, seed: maphash.MakeSeed(), seen: map[uint64]int{}}
		var err error
		if i.rows, err = sheet.NewReader(strings.NewReader(file.String()), i.header); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for err == nil {
			var b *batch
			b, err = i.gather()
			for _, p := range b.asked {
				if seen++; p.row.Line != seen+1 {
					t.Fatalf("row %d is said to be in line %d", seen, p.row.Line)
				}
			}
			if b.request == nil {
				continue
			}
			if n := len(api.ByName("ImportUsers").NewRequest(b.request).Body); n > 1<<20 || len(b.asked) > 5000 {
				t.Errorf("a request of %d rows and %d bytes", len(b.asked), n)
			}
		}
		if !errors.Is(err, io.EOF) || seen != rows {
			t.Errorf("%d rows, %v; want %d", seen, err, rows)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		columns []string
		rules   columnRules
		want    []int
		refused string
	}{
		{"an export", []string{"Email", "DisplayName", "LicenseType", "UserType", "UserRegistrationStatus", "UserId"}, columnRules{}, []int{userEmail, userName, userLicense, userType, userStatus, leftOut}, ""},
		{"a spreadsheet", []string{"e-mail", "Display Name", "Licence", "TYPE", "Status", " "}, columnRules{}, []int{userEmail, userName, userLicense, userType, userStatus, leftOut}, ""},
		{"Google's export", []string{"First Name [Required]", "Last Name [Required]", "Email Address [Required]"}, columnRules{}, []int{userGivenName, userFamilyName, userEmail}, ""},
		{"of two the better one", []string{"userPrincipalName", "mail", "name", "displayName"}, columnRules{}, []int{leftOut, userEmail, leftOut, userName}, ""},
		{"what is said goes first", []string{"mail", "Work"}, columnRules{Map: map[string]string{"Work": "email"}}, []int{leftOut, userEmail}, ""},
		{"left out", []string{"mail", "type"}, columnRules{Map: map[string]string{"type": ""}}, []int{userEmail, leftOut}, ""},
		{"unknown", []string{"mail", "Shoe", "Hat"}, columnRules{}, []int{userEmail, unknown, unknown}, "Shoe, Hat"},
		{"unknown and left out", []string{"mail", "Shoe"}, columnRules{IgnoreUnknown: true}, []int{userEmail, leftOut}, ""},
		{"refused rows", []string{"mail", "#line", "#column", "#reason"}, columnRules{}, []int{userEmail, leftOut, leftOut, leftOut}, ""},
		{"no address", []string{"name"}, columnRules{}, []int{userName}, "no column is Email"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.rules.fields = userFields
			got := c.rules.resolve(c.columns)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			err := c.rules.requireKnown(c.columns, got, userEmail)
			if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("refused with %v, want %q in it", err, c.refused)
			}
		})
	}
}

func TestProgressText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p    *progress
		took time.Duration
		want string
	}{
		{&progress{things: "users", done: 500, size: 1000, offset: 250}, 10 * time.Second, "[=======                       ]  25% 500 users, 50/s, 30s left"},
		{&progress{things: "users", done: 500, size: 1000, offset: 1000}, 10 * time.Second, "[==============================] 100% 500 users, 50/s, 0s left"},
		{&progress{things: "rows", done: 250, size: 1000, offset: 500, before: 250}, 10 * time.Second, "[===============               ]  50% 250 rows, 25/s, 20s left"},
		{&progress{things: "users", done: 500}, 10 * time.Second, "500 users, 50/s"},
	} {
		if got := c.p.text(c.took); got != c.want {
			t.Errorf("text = %q, want %q", got, c.want)
		}
	}
}

func TestReadUser(t *testing.T) {
	t.Parallel()
	yes := true
	for _, c := range []struct {
		values []string
		want   api.ImportUser
	}{
		{[]string{userEmail: "a@example.com", userGivenName: "Jane", userFamilyName: "Doe"}, api.ImportUser{Email: "a@example.com", DisplayName: "Jane Doe"}},
		{[]string{userName: "JD", userGivenName: "Jane", userFamilyName: ""}, api.ImportUser{DisplayName: "JD"}},
		{[]string{userLicense: "pro trial", userType: "shared_device", userStatus: "SUSPENDED", userAlexa: "Yes", userFamilyName: ""},
			api.ImportUser{LicenseType: "ProTrial", UserType: "SharedDevice", UserRegistrationStatus: "Suspended", IsAlexaForBusinessEnabled: &yes}},
		{[]string{userLicense: "Gold", userType: "Member", userStatus: "Active", userFamilyName: ""},
			api.ImportUser{LicenseType: "Gold", UserType: "PrivateUser", UserRegistrationStatus: "Registered"}},
	} {
		got, _, problem := readUser(c.values)
		if diff := cmp.Diff(any(c.want), got); diff != "" || problem != "" {
			t.Errorf("%q: %s (-want +got):\n%s", c.values, problem, diff)
		}
	}
	values := make([]string, len(userFields))
	values[userAlexa] = "perhaps"
	if _, field, problem := readUser(values); field != userAlexa || problem != "must be true or false" {
		t.Errorf("refused with %q in field %d", problem, field)
	}
}
