// Package proxy runs the configurations of proxies that docs/network.md shows, in front of the built server.
package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/keypair/keytest"
	"github.com/carillon-server/carillon/internal/sigv4"
	"github.com/carillon-server/carillon/test/harness"
)

const name = "chime.example.com"

// TestProxies calls the server by each proxy and directly: the answers are the same, whatever the path looks like.
func TestProxies(t *testing.T) {
	program, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server, err := harness.Start(program, t.TempDir(), harness.Options{Log: t.Output(), Env: []string{"CARILLON_TRUSTED_PROXIES=127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	direct := &client{address: server.Address}
	for proxy, start := range map[string]func(config, folder string) (file string, command []string){
		"nginx": func(config, folder string) (string, []string) {
			config = user() + "daemon off; pid " + folder + "/pid; error_log stderr;\nevents {}\nhttp { access_log off; client_body_temp_path " + folder +
				"; proxy_temp_path " + folder + "; fastcgi_temp_path " + folder + "; uwsgi_temp_path " + folder + "; scgi_temp_path " + folder + ";\n" + config + "}\n"
			return config, []string{"nginx", "-e", "stderr", "-c"}
		},
		"haproxy": func(config, _ string) (string, []string) { return config, []string{"haproxy", "-f"} },
		"caddy": func(config, _ string) (string, []string) {
			return "{\n admin off\n auto_https off\n}\n" + config, []string{"caddy", "run", "--adapter", "caddyfile", "--config"}
		},
	} {
		t.Run(proxy, func(t *testing.T) {
			path, err := exec.LookPath(proxy)
			if err != nil {
				t.Skip(err)
			}
			folder := t.TempDir()
			address := free(t)
			config, command := start(documented(t, proxy, folder, address, server.Address), folder)
			file := filepath.Join(folder, "config")
			write(t, file, []byte(config))
			cmd := exec.Command(path, append(command[1:], file)...)
			cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_DATA_HOME="+folder, "XDG_CONFIG_HOME="+folder)
			cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its workers end with it
			cmd.WaitDelay = 5 * time.Second
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
					t.Error(err)
				}
				_ = cmd.Wait() // it was killed
			})
			behind := &client{address: address, tls: true}
			behind.wait(t)
			compare(t, direct, behind)
		})
	}
}

// user lets nginx's workers stay the user to whom the folder belongs.
func user() string {
	if os.Getuid() == 0 {
		return "user root; "
	}
	return "" // then they do, and nginx warns of more
}

// documented returns a proxy's configuration in the documentation, for other addresses and files.
func documented(t *testing.T, proxy, folder, address, server string) string {
	t.Helper()
	docs, err := os.ReadFile("../../docs/network.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```" + proxy + "\n(.*?)```").FindSubmatch(docs)
	if block == nil {
		t.Fatalf("docs/network.md has no configuration of %s", proxy)
	}
	cert, key := keytest.Make(t, name)
	write(t, filepath.Join(folder, "tls.crt"), cert)
	write(t, filepath.Join(folder, "tls.key"), key)
	write(t, filepath.Join(folder, "tls.pem"), append(cert, key...))
	_, port, _ := net.SplitHostPort(address)
	return strings.NewReplacer(
		"/etc/carillon/", folder+"/", "127.0.0.1:24463", server,
		"listen 443", "listen "+address, "bind :443", "bind "+address, name+":443", name+":"+port,
	).Replace(string(block[1]))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// free returns an address on which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	address, err := harness.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// client calls a server over a connection of its own for each request, with bytes that no library has tidied up.
type client struct {
	address string
	tls     bool
}

type answer struct {
	status int
	kind   string // of error
	body   string
	header http.Header
}

func (c *client) dial() (net.Conn, error) {
	if c.tls {
		return tls.Dial("tcp", c.address, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	}
	return net.Dial("tcp", c.address)
}

// wait waits until the proxy answers.
func (c *client) wait(t *testing.T) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if a, err := c.send("GET", "/livez", "", nil); err == nil && a.status == 200 {
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the proxy does not answer")
		}
	}
}

func (c *client) send(method, target, body string, header http.Header) (answer, error) {
	conn, err := c.dial()
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return answer{}, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n", method, target, name, len(body))
	if err := header.Write(&b); err != nil {
		return answer{}, err
	}
	b.WriteString("\r\n" + body)
	if _, err := conn.Write(b.Bytes()); err != nil {
		return answer{}, err
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		return answer{}, err
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(all)), &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Header.Get("x-amzn-ErrorType"), string(text), r.Header}, err
}

// signed sends a signed call.
func (c *client) signed(t *testing.T, method, target, body string) answer {
	t.Helper()
	r := sigv4.Request{Method: method, Target: target, Host: name, Header: http.Header{}, Body: []byte(body)}
	harness.Sign(&r)
	a, err := c.send(method, target, body, r.Header)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

func compare(t *testing.T, direct, behind *client) {
	t.Helper()
	made := behind.signed(t, "POST", "/accounts", `{"Name":"Proxy"}`)
	if made.status != 201 {
		t.Fatalf("CreateAccount: %d %s", made.status, made.body)
	}
	id := regexp.MustCompile(`"AccountId":"([^"]*)"`).FindStringSubmatch(made.body)[1]
	for _, target := range []string{
		"GET /accounts?name=Proxy",
		"GET /accounts?name=a+b&max-results=5",
		"GET /accounts?name=a%20b%2Fc%2B",
		"GET /phone-numbers/%2B12065550100",
		"GET /phone-numbers/+12065550100",
		"GET /phone-numbers/%252B12065550100",
		"GET /accounts/a%2Fb",
		"GET /accounts/a%2fb/users/%7Eme",
		"GET /accounts/" + id + "/users/%2e%2e",
		"GET /accounts//users/u",
		"GET /console/accounts/" + id,
		"GET /accounts/%C3%BC",
		"DELETE /accounts/a%25b",
		"POST /accounts/" + id + "/users/u?operation=logout",
	} {
		method, path, _ := strings.Cut(target, " ")
		want, got := direct.signed(t, method, path, ""), behind.signed(t, method, path, "")
		if got.status != want.status || got.kind != want.kind || strings.Contains(got.body, "Signature") {
			t.Errorf("%s: %d %s %s, directly %d %s", target, got.status, got.kind, got.body, want.status, want.kind)
		}
	}
	large := `{"Name":"Large"` + strings.Repeat(" ", 1<<20-16) + "}"
	if a := behind.signed(t, "POST", "/accounts", large); a.status != 201 {
		t.Errorf("a body of 1 MiB: %d %.200s", a.status, a.body)
	}
	page, err := behind.send("GET", "/invites/x", "", http.Header{"X-Forwarded-Proto": {"http"}})
	if err != nil || page.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the server does not know that the page came over TLS: %+v, %v", page.header, err)
	}
}
