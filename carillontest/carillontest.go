// Package carillontest starts Carillon inside a Go test, for code that calls Amazon Chime's administration API.
//
// [Start] takes a few milliseconds, so that each test can have a server of its own, also in parallel: servers share nothing.
// It listens on a free port of this machine, and any AWS SDK finds it by its URL, with credentials that it verifies. When the
// test ends, the server and all that it held are gone.
//
//	func TestOnboarding(t *testing.T) {
//		srv := carillontest.Start(t)
//		client := chime.New(chime.Options{
//			BaseEndpoint: &srv.URL,
//			Region:       srv.Region,
//			Credentials:  credentials.NewStaticCredentialsProvider(srv.AccessKeyID, srv.SecretAccessKey, ""),
//		})
//		...
//	}
//
// IDs and PINs are the same in every run, as long as the same calls come in the same order. Nothing is written durably, and
// whatever is kept in secret is known to everybody: a server of this package is for tests alone.
package carillontest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/hooks"
	"github.com/carillon-server/carillon/internal/httpd"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/pages"
	"github.com/carillon-server/carillon/internal/seal"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/store"
)

// What every server has. None of it is worth hiding.
const (
	accessKeyID                  = "AKIACARILLONTEST0000"
	secretAccessKey              = "carillontest-is-known-to-everybody-00000"
	sealingKey      seal.Text    = "Y2FyaWxsb250ZXN0IHNlYWxzIHdoYXQgaXMga25vd24="
	tenant          chime.Tenant = 123456789012
	defaultRegion                = "us-east-1"
)

// Credentials are what a client signs with: those of the root of an AWS account.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	AWSAccountID    string // 12 digits: whose they are
}

// Server is a server that runs inside the test. It is safe for concurrent use.
type Server struct {
	URL         string // such as http://127.0.0.1:34567
	Region      string // one to sign for; the server takes any
	Credentials        // of the root of the installation

	folder  string
	web     *httpd.Server
	db      *store.DB
	gate    *gate.Gate
	calls   *callout.Client
	stop    context.CancelFunc // of the runner of jobs
	stopped chan struct{}
	fail    func(error) // where what cannot be done is a mistake in the test
	record  recorder
	closing sync.Once

	mu      sync.Mutex
	tenants chime.Tenant // that NewAWSAccount has named
}

// Option changes the server that is started.
type Option func(*settings)

type settings struct {
	seed  uint64
	rules chime.Rules
	log   io.Writer
}

// Seed makes IDs and PINs others than those of other seeds. Without this option the seed is 1.
func Seed(seed uint64) Option { return func(s *settings) { s.seed = seed } }

// Strict makes the server refuse what Amazon's service refused to some types of accounts, as carillon serve --strict does.
func Strict() Option { return func(s *settings) { s.rules = chime.Strict } }

// Log lets the server write its log, a line for each call, to w. Without this option [Start] adds it to what the test prints
// when it fails, and [Open] keeps silent.
func Log(w io.Writer) Option { return func(s *settings) { s.log = w } }

// Start starts a server that ends with the test. If it cannot, the test fails at once; and so does it whenever the server is
// asked for what it cannot do, such as a fault that no operation has.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s, err := Open(append([]Option{Log(t.Output())}, options...)...)
	if err != nil {
		t.Fatalf("start a Carillon: %v", err)
	}
	s.fail = func(err error) {
		t.Helper()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the Carillon: %v", err)
		}
	})
	return s
}

// Open starts a server that ends with Close, for TestMain and for what is no test. It panics where it is asked for what it
// cannot do.
func Open(options ...Option) (_ *Server, err error) {
	c := settings{seed: 1, log: io.Discard}
	for _, option := range options {
		option(&c)
	}
	shared, err := common()
	if err != nil {
		return nil, err
	}
	s := &Server{Region: defaultRegion, Credentials: Credentials{accessKeyID, secretAccessKey, tenant.String()}}
	s.fail = func(err error) { panic(err) }
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.folder, err = os.MkdirTemp("", "carillontest-"); err != nil {
		return nil, err
	}
	if s.db, err = shared.image.Open(s.folder); err != nil {
		return nil, err
	}
	return s, s.serve(c, shared.letters)
}

// parts are what the servers of a process have in common, and do not change.
type parts struct {
	image   *store.Image
	letters *letter.Templates
}

var common = sync.OnceValues(func() (*parts, error) {
	letters, err := letter.New(nil)
	if err != nil {
		return nil, err
	}
	// The secrets of all stores come from here: they are the same in every run.
	image, err := store.NewImage(context.Background(), chime.Seeded(0, nil)(0).Random, sealingKey)
	if err != nil {
		return nil, fmt.Errorf("make the first store: %w", err)
	}
	return &parts{image, letters}, nil
})

// serve builds the server out of its parts and begins to take calls.
func (s *Server) serve(c settings, letters *letter.Templates) error {
	now := func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
	log := slog.New(slog.NewTextHandler(c.log, nil))
	sourceOf := chime.Seeded(c.seed, now)
	source := sourceOf(ours)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() {
		if s.web == nil {
			_ = listener.Close()
		}
	}()
	s.URL = "http://" + listener.Addr().String()
	s.calls = callout.New(callout.Rules{Plain: true, Private: thisMachine()})
	var runner *jobs.Runner
	s.gate = gate.New(s.db, source, ops.Settings{
		Rules: c.rules, Faults: ops.NewFaults(), Snapshots: ops.NewSnapshots(), SourceOf: sourceOf,
		Letters: letters, PublicURL: s.URL, Mailbox: true, TestClock: true, Endpoints: s.calls,
		RunDue: func(ctx context.Context) error { return runner.Settle(ctx) },
	})
	invites, err := pages.New(s.gate, source, log)
	if err != nil {
		return err
	}
	root := server.Key{Secret: secretAccessKey, Caller: tenant.Root(chime.InstallationRoot, accessKeyID)}
	web := server.New(server.Config{
		Gate: s.gate, DB: s.db, Log: log, Source: source, Tenant: tenant, Keys: server.AnyTenant(server.LookUp(s.db, root), root),
		Pages: invites, Hooks: hooks.New(s.gate, log),
	})
	s.web = web.HTTP()
	s.web.Handler = s.record.around(web)
	go s.web.Serve(listener)

	runner = jobs.New(jobs.Config{DB: s.db, Gate: s.gate, Source: source, Log: log, Endpoints: s.calls})
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.stopped = stop, make(chan struct{})
	go func() {
		defer close(s.stopped)
		runner.Run(ctx)
	}()
	return nil
}

// ours is where the server itself draws IDs, so that those of AWS accounts do not depend on when it does.
const ours chime.Tenant = -1

func thisMachine() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// Close ends the server, once the calls under way are answered, and removes what it held. [Start] calls it.
func (s *Server) Close() (err error) {
	s.closing.Do(func() {
		if s.stop != nil {
			s.stop()
			<-s.stopped
		}
		if s.web != nil {
			err = s.web.Shutdown(context.Background())
			s.calls.Close()
		}
		if s.db != nil {
			err = cmp.Or(err, s.db.Close())
		}
		err = cmp.Or(err, os.RemoveAll(s.folder))
	})
	return err
}

// NewAWSAccount returns the credentials of the root of another AWS account, which is empty and sees nothing of the others.
func (s *Server) NewAWSAccount() Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants++
	id := s.tenants.String()
	return Credentials{AccessKeyID: id, SecretAccessKey: s.SecretAccessKey, AWSAccountID: id}
}

// Environ returns environment variables, as NAME=VALUE, by which AWS SDKs and the AWS CLI find the server: for the programs
// that a test starts. Those who read them must know AWS_ENDPOINT_URL_CHIME.
func (s *Server) Environ() []string {
	return []string{
		"AWS_ENDPOINT_URL_CHIME=" + s.URL,
		"AWS_ACCESS_KEY_ID=" + s.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + s.SecretAccessKey,
		"AWS_SESSION_TOKEN=",
		"AWS_PROFILE=",
		"AWS_REGION=" + s.Region,
		"AWS_DEFAULT_REGION=" + s.Region,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}
