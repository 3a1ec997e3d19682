// Package harness starts the built server as its users do, as a process on a data folder, and calls it over connections
// that cost a measurement little. The benchmark and the fault tests share it.
package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/test/logs"
)

// The credentials of every server that is started here, and whose they are.
const (
	AccessKeyID = "AKIDHARNESSEXAMPLE00"
	secret      = "harness-secret-of-no-worth-0123456789abcd"
	Tenant      = "111122223333"
)

const (
	startLimit = 30 * time.Second
	stopLimit  = 60 * time.Second // folding a long log into a large database takes a while
)

// Build compiles the server of this module into the folder and returns the program's path.
func Build(folder string) (program string, err error) {
	program = filepath.Join(folder, "carillon")
	cmd := exec.Command("go", "build", "-o", program, "github.com/carillon-server/carillon/cmd/carillon")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return program, nil
}

// Options says how a server is started.
type Options struct {
	// Wrapper is a command line that runs the server, such as strace and its flags; empty to run the server itself.
	Wrapper []string
	// Env are more settings, as variables: CARILLON_SMTP_URL=smtp://127.0.0.1:2525.
	Env []string
	// Log receives what the server writes to standard error. A file gets it without a copy by this process.
	Log io.Writer
}

// Environment is the environment of the servers that are started here, and of commands that call them.
func Environment() []string {
	return append(os.Environ(), "CARILLON_ROOT_ACCESS_KEY_ID="+AccessKeyID, "CARILLON_ROOT_SECRET_ACCESS_KEY="+secret,
		"CARILLON_AWS_ACCOUNT_ID="+Tenant, "CARILLON_KEY="+string(sealtest.Keys))
}

// Server is a running server.
type Server struct {
	Address string        // host:port
	PID     int           // of the server, also when a wrapper runs it
	Admin   string        // the URL of the admin address; empty if it has none
	Took    time.Duration // from the start of the process until it said that it was ready
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process, or its wrapper, has ended
	err     error         // how it ended; set before ended is closed
	kept    *os.File      // the log, if logs are kept
}

// Start starts the program on a data folder and returns when it is ready.
func Start(program, folder string, o Options) (_ *Server, err error) {
	note := filepath.Join(folder, "server.json")
	if err := os.Remove(note); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a server that was killed
		return nil, err
	}
	line := append(o.Wrapper[:len(o.Wrapper):len(o.Wrapper)], program, "serve", "--data", folder, "--listen", "127.0.0.1:0")
	s := &Server{cmd: exec.Command(line[0], line[1:]...), ended: make(chan struct{})}
	s.cmd.Env = append(Environment(), o.Env...)
	if s.cmd.Stderr, err = s.keepLog(o.Log); err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = s.cmd.Wait()
		if s.kept != nil {
			s.err = errors.Join(s.err, s.kept.Close())
		}
		close(s.ended)
	}()
	if err := s.ready(note, begun); err != nil {
		return nil, errors.Join(err, s.cmd.Process.Kill())
	}
	return s, nil
}

// keepLog lets the server log everything, and returns where to, if logs are kept.
func (s *Server) keepLog(w io.Writer) (io.Writer, error) {
	kept, err := logs.Create()
	if kept == nil || err != nil {
		return w, err
	}
	s.kept = kept
	s.cmd.Env = append(s.cmd.Env, "CARILLON_LOG_LEVEL=debug")
	if w == nil {
		return kept, nil
	}
	return io.MultiWriter(w, kept), nil
}

// ready waits for the server's note, by looking for it each millisecond.
func (s *Server) ready(note string, begun time.Time) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for time.Since(begun) < startLimit {
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended before it was ready: %w", s.err)
		case <-look.C:
		}
		data, err := os.ReadFile(note)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		s.Took = time.Since(begun)
		var running struct {
			URL   string `json:"url"`
			PID   int    `json:"pid"`
			Admin string `json:"admin"`
		}
		if err := json.Unmarshal(data, &running); err != nil {
			return fmt.Errorf("%s: %w", note, err)
		}
		u, err := url.Parse(running.URL)
		if err != nil {
			return fmt.Errorf("%s: %w", note, err)
		}
		s.Address, s.PID, s.Admin = u.Host, running.PID, running.Admin
		return nil
	}
	return fmt.Errorf("the server was not ready after %v", startLimit)
}

// Kill ends the server at once, as a power cut would as far as the process is concerned, and returns when it is gone.
// Killing a server that has ended is no error.
func (s *Server) Kill() error {
	return s.end(os.Kill)
}

// Stop asks the server to end in good order and returns when it has; the error says if it did not.
func (s *Server) Stop() error {
	if err := s.end(syscall.SIGTERM); err != nil {
		return err
	}
	if s.err != nil {
		return fmt.Errorf("the server stopped badly: %w", s.err)
	}
	return nil
}

func (s *Server) end(how os.Signal) error {
	select {
	case <-s.ended:
		return nil
	default:
	}
	p, err := os.FindProcess(s.PID)
	if err != nil {
		return err
	}
	if err := p.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(stopLimit):
		return errors.Join(fmt.Errorf("the server has not ended %v after %v", stopLimit, how), s.cmd.Process.Kill())
	}
}

// Env are the variables that point commands and SDKs at the server.
func (s *Server) Env() []string {
	return []string{"AWS_ENDPOINT_URL_CHIME=http://" + s.Address, "AWS_ACCESS_KEY_ID=" + AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + secret}
}
