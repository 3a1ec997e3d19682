// Package logs keeps what servers log while tests run, and finds in it what must never be in a log: secrets, PINs, tokens and
// e-mail addresses, whoever's they are.
package logs

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Folder is the variable that names the folder in which logs are kept. Without it they are not.
const Folder = "CARILLON_TEST_LOGS"

// Create makes a file for a log. It is nil where logs are not kept.
func Create() (*os.File, error) {
	folder := os.Getenv(Folder)
	if folder == "" {
		return nil, nil
	}
	return os.CreateTemp(folder, "*.log")
}

// Logger returns a logger that logs everything to w, and keeps it.
func Logger(t testing.TB, w io.Writer) *slog.Logger {
	t.Helper()
	file, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	if file != nil {
		t.Cleanup(func() { file.Close() })
		w = io.MultiWriter(w, file)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// forms are what is looked for, by what they look like. Each is tried on its own, so that a line may have several.
var forms = []struct {
	name  string
	shape *regexp.Regexp
	is    func(found string) bool // nil: all that have the shape are
}{
	{"an e-mail address", regexp.MustCompile(`[^\s"'<>=:,;()@/]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}`), isAddress},
	{"a password in a URL", regexp.MustCompile(`://[^/\s:@"]*:[^/\s@"]+@`), nil},
	{"a PIN", regexp.MustCompile(`(^|[^0-9A-Za-z.+-])[0-9]{10}($|[^0-9A-Za-z.-])`), nil},
	{"a secret key or a bot's token", regexp.MustCompile(`(^|[^A-Za-z0-9+/_.-])[A-Za-z0-9+/]{40}($|[^A-Za-z0-9+/=_.-])`), random},
	{"a key that seals", regexp.MustCompile(`[A-Za-z0-9+/]{43}=`), random},
	{"a token", regexp.MustCompile(`[A-Za-z0-9_-]{43,}`), random},
	{"a signature", regexp.MustCompile(`(?i)signature\s*[=:]\s*"?[0-9a-f]{32,}`), nil},
	{"a secret of the tests", regexp.MustCompile(regexp.QuoteMeta("harness-secret-of-no-worth") + "|" + regexp.QuoteMeta("the-secret-of-the-client-tests")), nil},
}

// isAddress tells an address from a Go module with its version, which a stack has (modernc.org/sqlite@v1.61.1), and from the
// example that the server gives whoever got one wrong.
func isAddress(found string) bool {
	_, domain, _ := strings.Cut(found, "@")
	return !versioned.MatchString(domain) && found != "name@example.com"
}

var versioned = regexp.MustCompile(`^v[0-9]+\.`)

// random tells what was drawn by chance from words and paths: it has a bit of everything.
func random(found string) bool {
	var upper, lower, digits, slashes int
	for _, c := range found {
		switch {
		case 'A' <= c && c <= 'Z':
			upper++
		case 'a' <= c && c <= 'z':
			lower++
		case '0' <= c && c <= '9':
			digits++
		case c == '/':
			slashes++
		}
	}
	return upper >= 4 && lower >= 4 && digits >= 1 && slashes <= 4
}

// Finding is something that must not be in a log.
type Finding struct {
	Line int
	Is   string // what it is, not the thing itself
}

// Scan looks through a log, and returns how many lines it has.
func Scan(log io.Reader) (found []Finding, lines int, err error) {
	in := bufio.NewScanner(log)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		lines++
		for _, f := range forms {
			for _, part := range f.shape.FindAllString(in.Text(), -1) {
				if f.is == nil || f.is(part) {
					found = append(found, Finding{lines, f.name})
					break
				}
			}
		}
	}
	return found, lines, in.Err()
}
