package logs_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/test/logs"
)

// clean are lines as servers write them.
var clean = []string{
	`time=2026-11-25T03:01:25.455Z level=INFO msg=call request=01a210a6-a14d-74c5-926d-637f174ad023 operation=CreateAccount status=201 code="" key=AKIANXYKR5DNSO4EN5HV took=1.994167ms`,
	`{"time":"2026-11-25T03:01:25.455123456Z","level":"INFO","msg":"call","request":"01a210a6-a14d-74c5-926d-637f174ad023","took":1994167}`,
	`time=2026-11-25T03:01:25Z level=WARN msg="the links in mails lead to the address of this machine alone" url=http://127.0.0.1:37909`,
	`level=ERROR msg="call failed" error="panic: boom\n/root/go/pkg/mod/modernc.org/sqlite@v1.61.1/lib/sqlite_linux_amd64.go:12345 +0x1c\ngithub.com/carillon-server/carillon/internal/ops.(*Call).CreateUser(0xc000123456, {0x1234567890, 0xc0000b2000})"`,
	`level=ERROR msg="x" error="/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/src/net/http/server.go:2000"`,
	`carillon: --init calls.yaml: line 3: CreateUser: Email must be an e-mail address, like name@example.com`,
	`level=DEBUG msg="http: TLS handshake error from 127.0.0.1:43210: EOF"`,
	`level=INFO msg=jobs tenant=123456789012 account=01a210a6-a14d-74c5-926d-637f174ad023`,
	`level=ERROR msg="file" path=/tmp/TestSomethingWithALongName/001/certificates/v1/a`,
}

func TestCleanLinesPass(t *testing.T) {
	t.Parallel()
	found, lines, err := logs.Scan(strings.NewReader(strings.Join(clean, "\n")))
	if err != nil || lines != len(clean) || len(found) > 0 {
		t.Errorf("%d lines, %+v, %v", lines, found, err)
	}
}

// planted are lines with what must be found.
var planted = map[string]string{
	`msg="user jane.doe@example.com exists"`:                       "an e-mail address",
	`error="550 5.1.1 <jane@mail.example.com>: no such user"`:      "an e-mail address",
	`to=jane@example.com`:                                          "an e-mail address",
	`error="dial smtps://carillon:hunter2@smtp: refused"`:          "a password in a URL",
	`error="connect postgres://carillon:hunter2@db1,db2/carillon"`: "a password in a URL",
	`pin=0123456789`:                                                 "a PIN",
	`msg="the PIN 0123456789 is taken"`:                              "a PIN",
	`{"PersonalPIN":"0123456789"}`:                                   "a PIN",
	`secret=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY`:                "a secret key or a bot's token",
	`{"SecretAccessKey":"9DlmCp0Cd1nGVfFuMzPKcS2rb9yYx+RkbFqyOXzt"}`: "a secret key or a bot's token",
	`key=yVYV+9IZ4lDZ6Yw9YkRfUoZbHqJ8v0mP3dK5sT7/xQM=`:               "a key that seals",
	`url=/incomingwebhooks/x?token=AQAAABy-mZ0UAaIQpqFNdMWSbWN_F0rQIwECAwQFBgcICQoLDA0ODxAREhMUFRYXGA`: "a token",
	`path=/invites/AAAAHL6ZnRQBohCmoU10xZJtY38XStAjAQIDBAUGBwg`:                                        "a token",
	`header="AWS4-HMAC-SHA256 Credential=AKIA, Signature=` + strings.Repeat("0a", 32) + `"`:            "a signature",
	`env=harness-secret-of-no-worth-0123456789abcd`:                                                    "a secret of the tests",
}

func TestPlantedLinesAreFound(t *testing.T) {
	t.Parallel()
	for line, want := range planted {
		found, _, err := logs.Scan(strings.NewReader(clean[0] + "\n" + line + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		there := false
		for _, f := range found {
			there = there || f == logs.Finding{Line: 2, Is: want}
		}
		if !there {
			t.Errorf("%s: found %+v, want %s", line, found, want)
		}
	}
}

// TestScanFails runs the command as check does, on a folder in which a logger has kept what it should not have been given.
func TestScanFails(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(logs.Folder, folder)
	command := filepath.Join(t.TempDir(), "scan")
	if out, err := exec.Command("go", "build", "-o", command, "./scan").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	scan := func() (string, bool) {
		out, err := exec.Command(command, "-least", "1", folder).CombinedOutput()
		return string(out), err == nil
	}
	if out, ok := scan(); ok {
		t.Errorf("an empty folder passes: %s", out)
	}
	var shown bytes.Buffer
	log := logs.Logger(t, &shown)
	log.Debug("nothing special")
	if out, ok := scan(); !ok || !strings.Contains(shown.String(), "nothing special") {
		t.Errorf("a clean log does not pass: %s", out)
	}
	log.Debug("a slip", "to", "jane@example.com")
	out, ok := scan()
	if ok || !strings.Contains(out, ".log:2: an e-mail address") || strings.Contains(out, "jane") {
		t.Errorf("passes %t: %s", ok, out)
	}
}

func TestNothingIsKeptUnlessAsked(t *testing.T) {
	t.Setenv(logs.Folder, "")
	if file, err := logs.Create(); file != nil || err != nil {
		t.Errorf("Create: %v, %v", file, err)
	}
	folder := t.TempDir()
	t.Setenv(logs.Folder, folder)
	file, err := logs.Create()
	if err != nil || filepath.Dir(file.Name()) != folder {
		t.Fatalf("Create: %v, %v", file, err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file.Name()); err != nil {
		t.Error(err)
	}
}
