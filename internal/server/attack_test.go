package server_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/sigv4"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Stop(m.Run())) }

// captured is a signed CreateUser as an attacker on the wire sees it, to be changed and sent.
type captured struct {
	method, target, host string
	headers              [][2]string // in order, each as often as it stands here
	body                 string
	tail                 string // instead of the body, if it is not empty
}

// capture signs a CreateUser for the address, as of the time, for the scope.
func (f *fixture) capture(account, email string, at time.Time, region, service string) captured {
	c := captured{method: "POST", target: "/accounts/" + account + "/users?operation=create", host: f.host(), body: `{"Email":"` + email + `"}`}
	r := sigv4.Request{Method: c.method, Target: c.target, Host: c.host, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(c.body)}
	sigv4.Sign(&r, keyID, secret, region, service, at)
	for _, name := range []string{"Content-Type", "X-Amz-Date", "Authorization"} {
		c.headers = append(c.headers, [2]string{name, r.Header.Get(name)})
	}
	return c
}

func (c *captured) remove(name string) {
	c.headers = slices.DeleteFunc(c.headers, func(h [2]string) bool { return h[0] == name })
}

func (c *captured) add(name, value string) { c.headers = append(c.headers, [2]string{name, value}) }

func (c *captured) value(name string) *string {
	for i := range c.headers {
		if c.headers[i][0] == name {
			return &c.headers[i][1]
		}
	}
	return new(string)
}

func (c *captured) bytes() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", c.method, c.target, c.host)
	for _, h := range c.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if c.tail != "" {
		return b.String() + c.tail
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
	return b.String()
}

// send sends what was captured on a connection of its own and returns the exceptions of the answers, or the status of one that is
// no exception.
func (c *captured) send(t *testing.T) (answers []string) {
	t.Helper()
	conn, err := net.Dial("tcp", c.host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, c.bytes()+"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadResponse(in, &http.Request{Method: "POST"})
		if err != nil {
			return answers
		}
		body, _ := io.ReadAll(r.Body) // what breaks off is not what ends the answers
		if string(body) == `{"status":"ok"}` {
			return answers
		}
		name := r.Header.Get("x-amzn-ErrorType")
		if name == "" {
			name = fmt.Sprint(r.StatusCode)
		}
		answers = append(answers, name)
	}
}

// TestAttacks changes a captured request in one way each. What it may create is named created-…; nothing else may be there at the
// end.
func TestAttacks(t *testing.T) {
	t.Parallel()
	f := start(t)
	account := f.account(t)
	const (
		invalid      = "InvalidSignatureException"
		incomplete   = "IncompleteSignatureException"
		missing      = "MissingAuthenticationTokenException"
		unrecognized = "UnrecognizedClientException"
		bad          = "BadRequestException"
		notFound     = "NotFoundException"
	)
	at := func(d time.Duration) func(*captured) {
		return func(c *captured) {
			*c = f.capture(account, "stale@example.com", time.Now().Add(d), "us-east-1", "chime")
		}
	}
	in := func(email, region, service string) func(*captured) {
		return func(c *captured) { *c = f.capture(account, email, time.Now(), region, service) }
	}
	target := func(old, new string) func(*captured) {
		return func(c *captured) { c.target = strings.Replace(c.target, old, new, 1) }
	}
	authorization := func(old, new string) func(*captured) {
		return func(c *captured) {
			a := c.value("Authorization")
			*a = strings.Replace(*a, old, new, 1)
		}
	}
	for name, attack := range map[string]struct {
		change func(*captured)
		want   string
	}{
		"stale by six minutes":           {at(-6 * time.Minute), invalid},
		"stale by a day":                 {at(-24 * time.Hour), invalid},
		"six minutes early":              {at(6 * time.Minute), invalid},
		"another region, signed for it":  {in("created-region@example.com", "ap-south-1", "chime"), "201"},
		"another region, swapped in":     {authorization("us-east-1", "eu-west-1"), invalid},
		"another service, signed for it": {in("service@example.com", "us-east-1", "s3"), invalid},
		"another service, swapped in":    {authorization("/chime/", "/s3/"), invalid},
		"another day in the scope":       {authorization("/20", "/19"), invalid},
		"another time": {func(c *captured) {
			*c.value("X-Amz-Date") = time.Now().Add(time.Minute).UTC().Format("20060102T150405Z")
		}, invalid},
		"another host": {func(c *captured) {
			c.headers = append([][2]string{{"X-Forwarded-Host", c.host}}, c.headers...)
			c.body += " "
		}, invalid},

		"no signature":                   {func(c *captured) { c.remove("Authorization") }, missing},
		"no date":                        {func(c *captured) { c.remove("X-Amz-Date") }, incomplete},
		"a Date instead":                 {func(c *captured) { c.remove("X-Amz-Date"); c.add("Date", time.Now().UTC().Format(http.TimeFormat)) }, incomplete},
		"a signed header stripped":       {func(c *captured) { c.remove("Content-Type") }, invalid},
		"stripped from the list too":     {func(c *captured) { c.remove("Content-Type"); authorization("content-type;", "")(c) }, invalid},
		"the host not signed":            {authorization("host;", ""), invalid},
		"a signed header changed":        {func(c *captured) { *c.value("Content-Type") = "text/plain" }, invalid},
		"an x-amz header added":          {func(c *captured) { c.add("X-Amz-Target", "Chime.DeleteAccount") }, invalid},
		"a session token added":          {func(c *captured) { c.add("X-Amz-Security-Token", "token") }, unrecognized},
		"payload said to be unsigned":    {func(c *captured) { c.add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, invalid},
		"presigned, in the query":        {func(c *captured) { c.remove("Authorization"); c.target += "&X-Amz-Signature=00" }, missing},
		"two signatures":                 {func(c *captured) { c.add("Authorization", *c.value("Authorization")) }, incomplete},
		"two dates":                      {func(c *captured) { c.add("X-Amz-Date", *c.value("X-Amz-Date")) }, incomplete},
		"a signed header twice":          {func(c *captured) { c.add("Content-Type", "application/json") }, invalid},
		"two hosts":                      {func(c *captured) { c.add("Host", "other.example.com") }, bad},
		"a header folded over two lines": {func(c *captured) { *c.value("Content-Type") = "application/json\r\n x" }, invalid},

		"the method in lower case": {func(c *captured) { c.method = "post" }, "MethodNotAllowedException"},
		"header names in upper case": {func(c *captured) {
			*c = f.capture(account, "created-upper@example.com", time.Now(), "us-east-1", "chime")
			upper(c)
		}, "201"},
		"the key's id in lower case": {authorization(keyID, strings.ToLower(keyID)), unrecognized},
		"the signature in upper case": {func(c *captured) {
			a := c.value("Authorization")
			i := strings.LastIndex(*a, "=") + 1
			*a = (*a)[:i] + strings.ToUpper((*a)[i:])
		}, incomplete},
		"the path in upper case":    {target("/accounts/", "/ACCOUNTS/"), notFound},
		"the account in upper case": {func(c *captured) { c.target = "/accounts/" + strings.ToUpper(account) + "/users?operation=create" }, invalid},

		"a dot segment":             {target("/users", "/./users"), bad},
		"a doubled slash":           {target("/users", "//users"), notFound},
		"up and down again":         {target("/accounts/", "/x/../accounts/"), bad},
		"an encoded slash":          {target("/users", "%2Fusers"), bad},
		"an encoded dot segment":    {target("/users", "/%2e/users"), notFound},
		"an encoded letter":         {target("/users", "/%75sers"), notFound},
		"a trailing slash":          {target("/users", "/users/"), bad},
		"the old prefix":            {func(c *captured) { c.target = "/console" + c.target }, invalid},
		"another operation":         {target("operation=create", "operation=add"), invalid},
		"no operation":              {target("?operation=create", ""), invalid},
		"the operation twice":       {target("operation=create", "operation=create&operation=create"), bad},
		"two operations":            {target("operation=create", "operation=create&operation=suspend"), bad},
		"the operation's name once": {target("operation=create", "operation=create&Operation=add"), invalid},
		"a query item added":        {target("operation=create", "operation=create&x=1"), invalid},
		"an encoded query item":     {target("operation=create", "operation=%63reate"), invalid},

		"the body changed": {func(c *captured) { c.body = strings.Replace(c.body, "captured", "attacker", 1) }, invalid},
		"the body longer":  {func(c *captured) { c.body += " " }, invalid},
		"no body":          {func(c *captured) { c.body = "" }, invalid},
		"another in chunks": {func(c *captured) {
			c.tail = "Transfer-Encoding: chunked\r\n\r\n" + chunked(`{"Email":"chunk@example.com"}`, 7)
		}, invalid},
		"the same in chunks": {func(c *captured) {
			*c = f.capture(account, "created-chunked@example.com", time.Now(), "us-east-1", "chime")
			c.tail = "Transfer-Encoding: chunked\r\n\r\n" + chunked(c.body, 7)
		}, "201"},
		"smuggled behind a length": {func(c *captured) {
			*c = f.capture(account, "created-first@example.com", time.Now(), "us-east-1", "chime")
			smuggled := *c
			smuggled.body = `{"Email":"smuggled@example.com"}`
			c.tail = fmt.Sprintf("Content-Length: %d\r\n\r\n%s%s", len(c.body), c.body, smuggled.bytes())
		}, "201 " + invalid},
		"a length and chunks": {func(c *captured) {
			smuggled := *c
			smuggled.body = `{"Email":"smuggled@example.com"}`
			c.tail = fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", len(smuggled.bytes())+5, smuggled.bytes())
		}, invalid + " " + invalid},
		"two lengths": {func(c *captured) { c.add("Content-Length", "3") }, bad},
	} {
		c := f.capture(account, "captured@example.com", time.Now(), "us-east-1", "chime")
		attack.change(&c)
		if got := strings.Join(c.send(t), " "); got != attack.want {
			t.Errorf("%s: answered %q, want %q", name, got, attack.want)
		}
	}

	// Word by word again, within the five minutes: the rules hold, so a create makes no second thing.
	c := f.capture(account, "created-replayed@example.com", time.Now(), "us-east-1", "chime")
	if got := append(c.send(t), c.send(t)...); !cmp.Equal(got, []string{"201", "ConflictException"}) {
		t.Errorf("replayed: %q", got)
	}
	var users struct {
		Users []struct{ PrimaryEmail string }
	}
	if err := json.Unmarshal([]byte(f.do(t, call{method: "GET", target: "/accounts/" + account + "/users"}).text), &users); err != nil {
		t.Fatal(err)
	}
	for _, u := range users.Users {
		if !strings.HasPrefix(u.PrimaryEmail, "created-") {
			t.Errorf("an attack created %s", u.PrimaryEmail)
		}
	}
	if len(users.Users) != 5 {
		t.Errorf("there are %d users, want 5", len(users.Users))
	}
}

func upper(c *captured) {
	for i := range c.headers {
		c.headers[i][0] = strings.ToUpper(c.headers[i][0])
	}
}

// installation is some servers on one store, and the root's way in.
type installation struct {
	gate *gate.Gate
	urls []string
}

// install starts a server on each store; the stores are on one database.
func install(t *testing.T, dbs ...*store.DB) *installation {
	t.Helper()
	var i installation
	for _, db := range dbs {
		source := chimetest.Source()
		source.Random = rand.Reader // two servers do not draw the same
		g := gate.New(db, source, ops.Settings{})
		root := server.Key{Secret: secret, Caller: chime.Tenant(123456789012).Root(chime.InstallationRoot, keyID)}
		web := httptest.NewServer(server.New(server.Config{
			Gate: g, DB: db, Source: source, Log: slog.New(slog.DiscardHandler), Keys: server.LookUp(db, root), Tenant: 123456789012,
		}))
		t.Cleanup(func() { web.Close(); db.Close() })
		i.urls = append(i.urls, web.URL)
		if i.gate == nil {
			i.gate = g
		}
	}
	return &i
}

// as makes a call at one of the servers, as the holder of the key, and returns the exception of its answer.
func (i *installation) as(t *testing.T, at int, k *api.AccessKey) string {
	t.Helper()
	r, err := http.NewRequest("GET", i.urls[at]+"/accounts", nil)
	if err != nil {
		t.Fatal(err)
	}
	sigv4.Sign(&sigv4.Request{Method: "GET", Target: "/accounts", Host: r.URL.Host, Header: r.Header}, k.AccessKeyID, k.SecretAccessKey, "us-east-1", "chime", time.Now())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.Header.Get("x-amzn-ErrorType")
}

// root makes a call as the root of the installation at the first server.
func root[Out any](t *testing.T, i *installation, operation string, in any) *Out {
	t.Helper()
	out, err := i.gate.Do(t.Context(), &gate.Request{
		Operation: api.ByName(operation), Input: in, Caller: chime.Tenant(123456789012).Root(chime.InstallationRoot, keyID),
	})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out.(*Out)
}

// TestKeysAreRefusedAtOnce changes what a key may do at one server, and uses it at all of them.
func TestKeysAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		db, err := store.Open(t.Context(), t.TempDir(), rand.Reader, sealtest.Keys)
		if err != nil {
			t.Fatal(err)
		}
		refusedAtOnce(t, install(t, db))
	})
	t.Run("two servers", func(t *testing.T) {
		t.Parallel()
		database := pgtest.Database(t)
		var dbs []*store.DB
		for range 2 {
			db, err := store.OpenPostgres(t.Context(), database, rand.Reader, sealtest.Keys)
			if err != nil {
				t.Fatal(err)
			}
			dbs = append(dbs, db)
		}
		refusedAtOnce(t, install(t, dbs...))
	})
}

func refusedAtOnce(t *testing.T, i *installation) {
	const tenant = "000000000007"
	first := root[api.CreateTenantOutput](t, i, "CreateTenant", &api.CreateTenantInput{AWSAccountID: tenant}).AccessKey
	expect := func(when string, k *api.AccessKey, want string) {
		t.Helper()
		for at := range i.urls {
			for range 2 { // the second time from memory, if there is one
				if got := i.as(t, at, k); got != want {
					t.Errorf("%s, server %d answers %q, want %q", when, at, got, want)
				}
			}
		}
	}
	status := func(k *api.AccessKey, status string) {
		t.Helper()
		root[api.UpdateAccessKeyOutput](t, i, "UpdateAccessKey", &api.UpdateAccessKeyInput{AWSAccountID: tenant, AccessKeyID: k.AccessKeyID, Status: status})
	}
	suspend := func(status string) {
		t.Helper()
		root[api.UpdateTenantOutput](t, i, "UpdateTenant", &api.UpdateTenantInput{AWSAccountID: tenant, Status: status})
	}
	expect("at first", first, "")
	status(first, "Inactive")
	expect("inactive", first, "UnauthorizedClientException")
	expect("inactive, with a wrong signature", &api.AccessKey{AccessKeyID: first.AccessKeyID, SecretAccessKey: secret}, "InvalidSignatureException")
	status(first, "Active")
	expect("active again", first, "")
	suspend("Suspended")
	expect("of a suspended tenant", first, "UnauthorizedClientException")
	suspend("Active")
	expect("of a tenant let in again", first, "")

	second := root[api.CreateAccessKeyOutput](t, i, "CreateAccessKey", &api.CreateAccessKeyInput{AWSAccountID: tenant}).AccessKey
	expect("while it is rotated", first, "")
	root[api.DeleteAccessKeyOutput](t, i, "DeleteAccessKey", &api.DeleteAccessKeyInput{AWSAccountID: tenant, AccessKeyID: first.AccessKeyID})
	expect("rotated", first, "UnrecognizedClientException")
	expect("its successor", second, "")
	expect("its id with its successor's secret", &api.AccessKey{AccessKeyID: first.AccessKeyID, SecretAccessKey: second.SecretAccessKey}, "UnrecognizedClientException")

	root[api.CreatePrincipalOutput](t, i, "CreatePrincipal", &api.CreatePrincipalInput{AWSAccountID: tenant, Name: "alice"})
	alice := root[api.CreateAccessKeyOutput](t, i, "CreateAccessKey", &api.CreateAccessKeyInput{AWSAccountID: tenant, PrincipalName: "alice"}).AccessKey
	expect("of a principal without a policy", alice, "ForbiddenException")
	root[api.DeletePrincipalOutput](t, i, "DeletePrincipal", &api.DeletePrincipalInput{AWSAccountID: tenant, Name: "alice"})
	expect("of a deleted principal", alice, "UnrecognizedClientException")
	root[api.DeleteTenantOutput](t, i, "DeleteTenant", &api.DeleteTenantInput{AWSAccountID: tenant})
	expect("of a deleted tenant", second, "UnrecognizedClientException")
}

// TestRefusalsTakeTheSameTime sends, in turns, requests by a key that nobody has and wrong signatures by keys that somebody has.
// It compares the quick ones, which nothing else on the machine has held up, and goes on until these are alike: to leave out
// the look-up parts them for good. That the answers' texts differ in length is a twentieth.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		db, err := store.Open(t.Context(), t.TempDir(), rand.Reader, sealtest.Keys)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		sameTime(t, db)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		db, err := store.OpenPostgres(t.Context(), pgtest.Database(t), rand.Reader, sealtest.Keys)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		sameTime(t, db)
	})
}

func sameTime(t *testing.T, db *store.DB) {
	source := chimetest.Source()
	g := gate.New(db, source, ops.Settings{})
	rootKey := server.Key{Secret: secret, Caller: chime.Tenant(123456789012).Root(chime.InstallationRoot, keyID)}
	s := server.New(server.Config{Gate: g, DB: db, Source: source, Log: slog.New(slog.DiscardHandler), Keys: server.LookUp(db, rootKey)})
	k := root[api.CreateTenantOutput](t, &installation{gate: g}, "CreateTenant", &api.CreateTenantInput{AWSAccountID: "000000000007"}).AccessKey
	request := func(id, secret string) *http.Request {
		r := httptest.NewRequestWithContext(context.Background(), "GET", "/accounts", nil)
		sigv4.Sign(&sigv4.Request{Method: "GET", Target: "/accounts", Host: r.Host, Header: r.Header}, id, secret, "us-east-1", "chime", time.Now())
		return r
	}
	answer := func(r *http.Request, want string) time.Duration {
		w := httptest.NewRecorder()
		begun := time.Now()
		s.ServeHTTP(w, r)
		took := time.Since(begun)
		//lint:ignore SA1008 the server spells it as Amazon's service does
		if got := w.Header()["x-amzn-ErrorType"]; !cmp.Equal(got, []string{want}) && want != "" {
			t.Fatalf("answered %q, want %q", got, want)
		}
		return took
	}
	answer(request(k.AccessKeyID, k.SecretAccessKey), "") // so that the key is remembered
	wrong := strings.Repeat("0", 40)
	kinds := []struct{ name, id, want string }{
		{"nobody's", "AKIAIOSFODNN7EXAMPLE", "UnrecognizedClientException"},
		{"a tenant's", k.AccessKeyID, "InvalidSignatureException"},
		{"the first", keyID, "InvalidSignatureException"},
	}
	took := make([][]time.Duration, len(kinds))
	for range 20 {
		for range 50 {
			for i, kind := range kinds {
				took[i] = append(took[i], answer(request(kind.id, wrong), kind.want))
			}
		}
		var quick []time.Duration
		for i := range kinds {
			slices.Sort(took[i])
			quick = append(quick, took[i][len(took[i])/10])
		}
		if slices.Max(quick) < slices.Min(quick)*6/5 {
			return
		}
	}
	for i, kind := range kinds {
		t.Errorf("%s key is refused in %v; the times tell keys apart", kind.name, took[i][len(took[i])/10])
	}
}
