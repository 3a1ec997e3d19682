package fault

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	bulkRows    = 100_000
	bulkEvery   = 100      // one of so many rows is bad
	clientLimit = 64 << 20 // bytes that an import may hold
)

// people is a file of users as a directory may have written it.
type people struct {
	path    string
	good    []string            // the good rows as lines, in order
	mended  []string            // what the bad ones are to be
	refused map[string][]string // by line: its column, and a word of the reason
}

const bulkHead = "Email,DisplayName,LicenseType,UserType,UserRegistrationStatus"

// writePeople writes the file.
func writePeople(t *testing.T, folder string) *people {
	t.Helper()
	p := &people{path: filepath.Join(folder, "people.csv"), refused: map[string][]string{}}
	lines := []string{bulkHead}
	for n := range bulkRows {
		email := harness.Email("bulk", uint64(n))
		line := fmt.Sprintf("%s,Somebody %d,%s,PrivateUser,Registered", email, n, []string{"Pro", "Basic"}[n%2])
		if n%bulkEvery != bulkEvery/2 {
			p.good = append(p.good, line)
			lines = append(lines, line)
			continue
		}
		p.mended = append(p.mended, line)
		number := fmt.Sprint(n + 2)
		switch n / bulkEvery % 4 {
		case 0:
			line, p.refused[number] = strings.Replace(line, "@", "", 1), []string{"Email", "name@example.com"}
		case 1:
			line, p.refused[number] = strings.Replace(line, ",Basic,", ",Plus,", 1), []string{"LicenseType", "SupportedLicenses"}
			line = strings.Replace(line, ",Pro,", ",Plus,", 1)
		case 2:
			line, p.refused[number] = strings.Replace(line, "PrivateUser", "Robot", 1), []string{"UserType", "SharedDevice"}
		case 3: // the address of the row before
			line = strings.Replace(line, email, harness.Email("bulk", uint64(n-1)), 1)
			p.refused[number] = []string{"Email", fmt.Sprintf("line %d", n+1)}
		}
		lines = append(lines, line)
	}
	write(t, p.path, lines)
	return p
}

func write(t *testing.T, path string, lines []string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is a command of carillon against the server.
func (s *server) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), s.Env()...)
	return cmd
}

// export returns the lines of an export.
func (s *server) export() []string {
	s.t.Helper()
	cmd := s.command("export", "users")
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("export users: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// importUntil begins an import and lets something happen to it once some users are there. It returns how many there are then.
func (s *server) importUntil(account, path string, more int, happen func(client *os.Process)) {
	s.t.Helper()
	count := func() int {
		var users int
		for in := (&api.ListUsersInput{AccountID: account, MaxResults: 200}); users < more; {
			out, err := tryCall[api.ListUsersOutput](s, "ListUsers", in)
			if err != nil {
				s.t.Fatal(err)
			}
			users += len(out.Users)
			if in.NextToken = out.NextToken; in.NextToken == "" {
				break
			}
		}
		return users
	}
	cmd := s.command("import", "users", path)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); count() < more; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%d users are not there after a minute", more)
		}
	}
	happen(cmd.Process)
	if err := cmd.Wait(); err == nil {
		s.t.Fatal("the import ended well before anything happened to it")
	}
}

// TestImportKilled kills the client in the middle of an import, then the server in the middle of the next; the third goes
// through. Nobody is there twice and nobody is missing, each bad row is told with line, column and reason, and can be mended
// and imported; exported again all is as it was.
func TestImportKilled(t *testing.T) {
	folder := t.TempDir()
	p := writePeople(t, t.TempDir())
	s := start(t, folder)
	account := s.account()
	s.importUntil(account, p.path, 5000, func(client *os.Process) {
		if err := client.Kill(); err != nil {
			t.Fatal(err)
		}
	})
	first := len(s.export()) - 1
	s.importUntil(account, p.path, first+5000, func(*os.Process) {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
	})
	s = start(t, folder)
	second := len(s.export()) - 1
	if first < 5000 || second < first+5000 || second >= len(p.good) {
		t.Fatalf("%d users are there after the client was killed, %d after the server was; want some of %d more", first, second, len(p.good))
	}

	begun := time.Now()
	cmd := s.command("import", "users", p.path)
	var told, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &told, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	held := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	took, out := time.Since(begun), told.Bytes()
	if err == nil || !bytes.Contains(said.Bytes(), []byte(fmt.Sprintf("carillon: %d rows were refused; they are in ", len(p.mended)))) {
		t.Errorf("the third import: %v\n%s", err, said.Bytes())
	}
	if want := fmt.Sprintf("%d users created, %d there already, %d refused, in ", len(p.good)-second, second, len(p.mended)); !bytes.HasPrefix(out, []byte(want)) {
		t.Errorf("the third import says %q, want %q", out, want)
	}
	if held := held(); held == 0 || held > clientLimit {
		t.Errorf("the import held %d MB, want at most %d", held>>20, clientLimit>>20)
	} else {
		t.Logf("%d there after the client was killed, %d after the server was; the third import took %v, %v of it on the processor, and held %d MB",
			first, second, took.Round(time.Millisecond), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), held>>20)
	}
	if diff := cmp.Diff(append([]string{bulkHead}, p.good...), s.export()); diff != "" {
		t.Fatalf("exported (-imported +exported):\n%.2000s", diff)
	}

	p.mend(t, strings.TrimSuffix(p.path, ".csv")+".errors.csv")
	if out, err := s.command("import", "users", p.path).CombinedOutput(); err != nil {
		t.Errorf("the mended rows: %v\n%s", err, out)
	}
	want := append(append([]string{bulkHead}, p.good...), p.mended...)
	if diff := cmp.Diff(want, s.export()); diff != "" {
		t.Fatalf("exported with the mended rows (-imported +exported):\n%.2000s", diff)
	}
	s.stop()
	checkFile(t, folder, len(want)-1)
}

// watchPeak looks at the memory of a process until it ends. What is returned waits for that and returns the most that was seen.
// What the system reports of a process that has ended is no use: it counts what the parent held.
func watchPeak(pid int) (most func() int64) {
	peaks := make(chan int64)
	go func() {
		var peak int64
		for ; ; time.Sleep(10 * time.Millisecond) {
			now, err := harness.Memory(pid, "VmHWM")
			if err != nil {
				break
			}
			peak = now
		}
		peaks <- peak
	}()
	return func() int64 { return <-peaks }
}

// mend checks the file of the refused rows, mends them, and makes it the file.
func (p *people) mend(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows)-1 != len(p.mended) || strings.Join(rows[0], ",") != bulkHead+",#line,#column,#reason" {
		t.Fatalf("%d rows are refused, under %q; want %d", len(rows)-1, rows[0], len(p.mended))
	}
	lines := []string{strings.Join(rows[0], ",")}
	for n, row := range rows[1:] {
		want, known := p.refused[row[5]]
		if !known || row[6] != want[0] || !strings.Contains(row[7], want[1]) {
			t.Fatalf("line %s is refused for %s: %s; want %q", row[5], row[6], row[7], want)
		}
		delete(p.refused, row[5])
		lines = append(lines, p.mended[n]+","+strings.Join(row[5:7], ",")+",mended")
	}
	p.path = path
	write(t, path, lines)
}
