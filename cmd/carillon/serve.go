package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/hooks"
	"github.com/carillon-server/carillon/internal/httpd"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/pages"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/store"
)

// stopTime is how long a stopping server waits for the calls under way.
const stopTime = 20 * time.Second

// heapWeight is memory that is asked for and never touched: the system does not provide it, but the collector counts it. What
// the server keeps is a few megabytes, for which it would collect ten times a second under load. A higher GOGC would
// also multiply the memory of a server that keeps more.
const heapWeight = 8 << 20

// serveCommand runs the server. Its flags are its settings.
type serveCommand struct {
	Listen    string `env:"CARILLON_LISTEN" default:"127.0.0.1:24463" placeholder:"ADDRESS" help:"The address to listen on; port 0 takes any free one. Default: ${default}, CHIME on a telephone's keypad."`
	Database  string `env:"CARILLON_DATABASE" default:"sqlite" placeholder:"URL" help:"Where the directory is kept: sqlite, in the data folder, or postgres://USER@HOST,HOST/DATABASE for any number of servers. Put a password into the variable, or PGPASSWORD, not on the command line. Default: ${default}."`
	Auth      string `env:"CARILLON_AUTH" default:"sigv4" enum:"sigv4,off" help:"Verify signatures (sigv4), or believe every caller (off): for tests only. Default: ${default}."`
	Strict    bool   `env:"CARILLON_STRICT" help:"Refuse what Amazon's service refused: CreateUser to all but EnterpriseDirectory accounts, InviteUsers to all but Team accounts, rooms to Team accounts, and so on."`
	PublicURL string `env:"CARILLON_PUBLIC_URL" placeholder:"URL" help:"Where people reach this server's pages, for the links in mails and the URLs of webhooks. Default: the address it listens on."`
	Faults    bool   `env:"CARILLON_FAULTS" help:"Let callers order errors, delays and lost connections (PutFault)."`
	LogFormat string `env:"CARILLON_LOG_FORMAT" default:"text" enum:"text,json" help:"The form of the log on standard error: text or json. Default: ${default}."`
	LogLevel  string `env:"CARILLON_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"The least that is logged: debug, info, warn or error. Default: ${default}."`

	sealSettings
	adminSettings
	tlsSettings
	proxySettings
	limitSettings
	ephemeralSettings
	mailSettings
	numberSettings
	roomSettings
	auditSettings
	backupSettings
}

// Help is printed below the command's first line.
func (serveCommand) Help() string {
	return `The first start makes the data folder, the database and the first credentials. Settings come from flags, from the
environment or from the file that --config names, in this order. CARILLON_ROOT_ACCESS_KEY_ID,
CARILLON_ROOT_SECRET_ACCESS_KEY and CARILLON_AWS_ACCOUNT_ID set the first credentials.

    carillon serve
    carillon serve --data ./data --listen 127.0.0.1:0
    carillon serve --listen 0.0.0.0:24463 --log-format json
`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, p *process, g *globals) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	trustMozilla() // when it calls mail servers and bots
	weight := make([]byte, heapWeight)
	defer runtime.KeepAlive(weight)
	folder, isDefault, err := g.dataFolder(p.env)
	if err != nil {
		return err
	}
	folder, remove, err := c.prepare(folder, isDefault)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	isDefault = isDefault && !c.Ephemeral
	lines := newLineBuffer(p.stderr)
	defer lines.Close()
	log, err := c.logger(lines)
	if err != nil {
		return err
	}
	if err := errors.Join(c.numberSettings.check(), c.limitSettings.check()); err != nil {
		return err
	}
	if err := c.backupSettings.check(c.onPostgres()); err != nil {
		return err
	}
	listener, err := listen("--listen", c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	admin, err := c.openAdmin(log)
	if err != nil {
		return err
	}
	defer admin.close()

	db, err := c.open(ctx, p, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := c.checkClock(ctx, db); err != nil {
		return err
	}
	info, _ := debug.ReadBuildInfo()
	note := running{URL: "http://" + reachable(listener.Addr()), Admin: admin.url(), PID: os.Getpid(), Version: version(info), Started: time.Now().UTC()}
	certificate, err := c.certificate(log, note.renewed(folder, log))
	if err != nil {
		return err
	}
	note.secure(certificate)
	url := note.endpoint()
	keys, err := c.rootOf(ctx, p, db, folder, url)
	if err != nil {
		return err
	}
	note.AccessKeyID = keys.accessKeyID
	if err := noteEndpoint(folder, url); err != nil {
		return fmt.Errorf("note the address in the credentials: %w", err)
	}
	backups := backup.NewKeeper(db, folder, time.Now)
	defer func() { err = errors.Join(err, backups.Close()) }()
	s, runner, err := c.build(db, log, keys, url, admin, backups)
	if err != nil {
		return err
	}
	defer work(ctx, runner)()
	if c.Init != "" {
		if err := begin(ctx, c.Init, s.Gate, db, keys.root()); err != nil {
			return err
		}
	}

	web := s.HTTP()
	limited := s.Limit(listener, c.MaxConnections)
	defer admin.serve(db, s, log)()
	served := make(chan error, 1)
	go func() { served <- serveOn(web, limited, certificate) }()
	if err := note.write(folder); err != nil {
		return fmt.Errorf("note the address in the data folder: %w", err)
	}
	defer os.Remove(filepath.Join(folder, serverFile)) // what is left behind is seen through
	c.greet(p, log, folder, isDefault, note)
	debug.FreeOSMemory() // what only the start needed
	unmapProgram()

	defer c.backUp(ctx, db, folder, log)()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-db.Broken():
		return errors.Join(db.Ready(ctx), web.Close()) // without answers, as nobody knows which ones
	case <-ctx.Done():
		stop() // a second signal ends the process at once
		return c.shutDown(s, web, log)
	}
}

// work lets something run until ctx ends, or until what is returned is called, which waits for its end.
func work(ctx context.Context, runner interface{ Run(context.Context) }) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runner.Run(ctx)
	}()
	return func() {
		stop()
		<-ended
	}
}

// build makes the server and the runner of its jobs out of their parts. url is the server's address, for the links in mails
// unless --public-url says otherwise.
func (c *serveCommand) build(db *store.DB, log *slog.Logger, keys credentials, url string, admin *administration, backups *backup.Keeper) (*server.Server, *jobs.Runner, error) {
	source := chime.Source{
		Now:    func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) },
		NewID:  newID,
		Random: rand.Reader,
	}
	letters, err := c.letters()
	if err != nil {
		return nil, nil, err
	}
	public, err := publicURL(cmp.Or(c.PublicURL, url))
	if err != nil {
		return nil, nil, err
	}
	send, err := c.sender(public)
	if err != nil {
		return nil, nil, err
	}
	if send != nil && c.PublicURL == "" {
		log.Warn("the links in mails lead to the address of this machine alone; say with --public-url where people reach this server", "url", url)
	}
	endpoints, err := c.endpoints()
	if err != nil {
		return nil, nil, err
	}
	proxies, err := c.proxies()
	if err != nil {
		return nil, nil, err
	}
	rates, err := c.rates()
	if err != nil {
		return nil, nil, err
	}
	quotas, err := c.quotas()
	if err != nil {
		return nil, nil, err
	}
	var runner *jobs.Runner
	settings := ops.Settings{
		Letters: letters, PublicURL: public.String(), Mailbox: send == nil,
		OrderDelay: c.OrderDelay, NumberQuota: c.PhoneNumberQuota, TestClock: c.TestClock,
		Quotas: quotas, Endpoints: endpoints, Audit: c.level(), Backups: backups,
		RunDue: func(ctx context.Context) error { return runner.Settle(ctx) },
	}
	if c.Strict {
		settings.Rules = chime.Strict
	}
	if c.Faults {
		settings.Faults = ops.NewFaults()
	}
	auth := server.SigV4
	if c.Auth == "off" {
		auth = server.Open
	}
	rootKey := server.Key{Secret: keys.secret, Caller: keys.root()}
	ours := c.arrange(&settings, source)
	g := gate.New(db, source, settings)
	invites, err := pages.New(g, ours, log)
	if err != nil {
		return nil, nil, err
	}
	runner = jobs.New(jobs.Config{DB: db, Gate: g, Source: ours, Log: log, Send: send, Endpoints: endpoints,
		Audit: c.level(), AuditKeep: time.Duration(c.AuditKeep)})
	config := server.Config{
		Gate:   g,
		DB:     db,
		Log:    log,
		Source: source,
		Auth:   auth,
		Keys:   c.lookUp(db, rootKey),
		Tenant: keys.account,
		Pages:  invites,
		Hooks:  hooks.New(g, log),
	}
	config.Proxies, config.Rates = proxies, rates
	admin.watch(db, &config)
	return server.New(config), runner, nil
}

// newID returns UUIDs of version 7, which count upwards within a process.
func newID() chime.ID {
	id, err := uuid.NewV7()
	if err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
	return chime.ID(id)
}

func (c *serveCommand) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, usagef("--log-level: %v", err)
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(w, options)
	if c.LogFormat == "json" {
		handler = slog.NewJSONHandler(w, options)
	}
	log := slog.New(handler)
	if c.Auth == "off" {
		log = log.With("auth", "off")
	}
	return log, nil
}

// open opens the store that --database names. Its errors repeat no value: one may hold a password.
func (c *serveCommand) open(ctx context.Context, p *process, folder string) (*store.DB, error) {
	keys, err := c.sealSettings.keys(p.env, folder)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Ephemeral:
		return c.openEphemeral(ctx, folder, keys)
	case c.Database == "sqlite":
		return store.Open(ctx, folder, rand.Reader, keys)
	case c.onPostgres():
		db, err := store.OpenPostgres(ctx, c.Database, rand.Reader, keys)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("make the data folder: %w; choose another with --data", err), db.Close())
		}
		return db, nil
	}
	return nil, errDatabase
}

// errDatabase is the error of a --database that is neither. It does not repeat the value.
var errDatabase = usagef("--database must be sqlite, for SQLite in the data folder, or a URL such as postgres://user@host/database")

func (c *serveCommand) onPostgres() bool { return isPostgres(c.Database) }

// rootOf returns the first credentials of the installation. Where several servers share a database, the first one says
// there which key it is: another server must have it too, and does not make one of its own.
func (c *serveCommand) rootOf(ctx context.Context, p *process, db *store.DB, folder, url string) (credentials, error) {
	account, _ := p.env(awsAccountID)
	known, err := db.RootKey(ctx, "")
	if err != nil {
		return credentials{}, err
	}
	if c.onPostgres() && known != "" && !hasCredentials(p.env, folder) {
		return credentials{}, fmt.Errorf("the database has first credentials already, made by another server: copy the file %s of that server's data folder to %s, or set %s and %s as there",
			credentialsFile, folder, rootAccessKeyID, rootSecretAccessKey)
	}
	keys, err := root(p.env, folder, account, url, rand.Reader)
	if err != nil {
		return credentials{}, err
	}
	if c.onPostgres() {
		if known, err = db.RootKey(ctx, keys.accessKeyID); err != nil {
			return credentials{}, err
		}
		if known != keys.accessKeyID && keys.origin != rootAccessKeyID {
			return credentials{}, fmt.Errorf("the database's first credentials are others than those in %s: copy the file %s of the server that made them to %s",
				keys.origin, credentialsFile, folder)
		}
	}
	return keys, nil
}

// listen listens on the address that a flag names.
func listen(flag, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	var malformed *net.AddrError
	switch {
	case errors.As(err, &malformed):
		return nil, usagef("%s must be an address and a port, such as 127.0.0.1:24463, or a colon and a port for all addresses", flag)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use, perhaps by another carillon; stop that one or choose another with %s", address, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("the address %s may not be listened on by this user; choose a port above 1023 with %s", address, flag)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return listener, nil
}

// reachable returns the address under which clients on this machine find the server.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
}

// greet says where everything is, and warns of what is not safe.
func (c *serveCommand) greet(p *process, log *slog.Logger, folder string, isDefault bool, note running) {
	fmt.Fprintf(p.stdout, "Data folder: %s\n", folder)
	if note.Admin != "" {
		fmt.Fprintf(p.stdout, "Metrics: %s/metrics\n", note.Admin)
	}
	if c.Auth == "off" {
		log.Warn("SIGNATURES ARE NOT VERIFIED: whoever reaches this address can read and change everything; start without --auth=off to verify them", "address", c.Listen)
	}
	if c.Audit == "off" {
		log.Warn("NOTHING IS RECORDED of who changes what; start without --audit=off where that matters")
	}
	if c.Ephemeral {
		log.Warn("the data ends with this server, callers may advance the clock and order faults, and whoever has one secret has all AWS accounts")
	}
	if c.TestClock && !c.Ephemeral {
		log.Warn("callers may advance the clock; the database is for tests from then on")
	}
	if c.Faults && !c.Ephemeral {
		log.Warn("callers may order faults; start without --faults where the data matters")
	}
	if loose(folder) {
		log.Warn("other users of this machine can read the first credentials; chmod 600 the file", "file", filepath.Join(folder, credentialsFile))
	}
	printHints(p.stdout, startedAs(p.env, folder, isDefault), note)
}

// shutDown finishes the calls under way.
func (c *serveCommand) shutDown(s *server.Server, web *httpd.Server, log *slog.Logger) error {
	s.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		log.Warn("calls were still under way", "error", err)
		return web.Close()
	}
	return nil
}
