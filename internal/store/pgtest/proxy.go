package pgtest

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Action is what a proxy does to a statement.
type Action struct {
	kind actionKind
	code string
}

type actionKind uint8

const (
	pass actionKind = iota
	fail
	hide
	cutBefore
	cutAfter
)

// Pass lets the statement through.
var Pass = Action{}

// CutBefore breaks the connection before the statement reaches the server, CutAfter when the server has been given it and
// before its answer is passed on.
var (
	CutBefore = Action{kind: cutBefore}
	CutAfter  = Action{kind: cutAfter}
)

// Fail makes the server fail the statement with an SQLSTATE.
func Fail(code string) Action { return Action{fail, code} }

// Hide lets the server do the statement, and answers an error with the SQLSTATE all the same.
func Hide(code string) Action { return Action{hide, code} }

// Proxy stands between clients and a cluster, and does to their statements what it is told. It speaks PostgreSQL's
// protocol, so that errors come as the server would send them, from a connection that stays healthy.
type Proxy struct {
	listener net.Listener
	target   string
	connects sync.WaitGroup

	mu     sync.Mutex
	decide func(statement string) Action
	conns  map[net.Conn]bool
	closed bool
}

// NewProxy starts a proxy in front of the cluster. It passes everything until it is told otherwise.
func (c *Cluster) NewProxy() (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		listener: listener,
		target:   filepath.Join(c.Folder, fmt.Sprintf(".s.PGSQL.%d", c.port)),
		decide:   func(string) Action { return Pass },
		conns:    map[net.Conn]bool{},
	}
	p.connects.Go(p.accept)
	return p, nil
}

// DSN names a database of the cluster behind the proxy.
func (p *Proxy) DSN(database string) string {
	return fmt.Sprintf("postgres://carillon@%s/%s?sslmode=disable", p.listener.Addr(), database)
}

// Decide sets what is done to a statement when it is to be executed. It may be called by several connections at once.
func (p *Proxy) Decide(fn func(statement string) Action) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = fn
}

// Close breaks all connections and ends the proxy.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		c.Close() // what it was doing fails, which is the purpose
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.connects.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.connects.Go(func() { p.serve(client) })
	}
}

// track notes a connection, so that Close can break it.
func (p *Proxy) track(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.conns[c] = true
	}
	return !p.closed
}

func (p *Proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close() // may be closed already
}

func (p *Proxy) serve(client net.Conn) {
	defer p.forget(client)
	server, err := net.Dial("unix", p.target)
	if err != nil {
		return // the cluster is down: so is the proxy
	}
	defer p.forget(server)
	if !p.track(client) || !p.track(server) {
		return
	}
	r := &relay{
		proxy: p, client: pgproto3.NewBackend(client, client), server: pgproto3.NewFrontend(server, server),
		statements: map[string]string{},
	}
	startup, err := r.client.ReceiveStartupMessage()
	if err != nil {
		return
	}
	r.server.Send(startup)
	if r.server.Flush() != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		r.answers()
		client.Close()
		server.Close()
	})
	r.requests()
	client.Close()
	server.Close()
	both.Wait()
}

// relay carries one connection's messages.
type relay struct {
	proxy      *Proxy
	client     *pgproto3.Backend
	server     *pgproto3.Frontend
	statements map[string]string // text by name; the client's side knows it alone

	mu      sync.Mutex
	swallow int    // answers to a Parse that the client did not send
	hidden  string // SQLSTATE for the next completion
	mute    bool   // pass no more answers on
}

var errCut = errors.New("cut")

// requests carries what the client sends until the connection ends or is cut.
func (r *relay) requests() {
	for {
		message, err := r.client.Receive()
		if err != nil {
			return
		}
		if err := r.request(message); err != nil {
			return
		}
		if err := r.server.Flush(); err != nil {
			return
		}
	}
}

func (r *relay) request(message pgproto3.FrontendMessage) error {
	switch m := message.(type) {
	case *pgproto3.Parse:
		r.statements[m.Name] = m.Query
	case *pgproto3.Bind:
		return r.act(r.statements[m.PreparedStatement], m)
	case *pgproto3.Query:
		return r.act(m.String, m)
	}
	r.server.Send(message)
	return nil
}

// act does to the statement what was decided.
func (r *relay) act(text string, message pgproto3.FrontendMessage) error {
	r.proxy.mu.Lock()
	decide := r.proxy.decide
	r.proxy.mu.Unlock()
	action := decide(strings.Join(strings.Fields(text), " "))
	_, extended := message.(*pgproto3.Bind)
	switch action.kind {
	case cutBefore:
		return errCut
	case cutAfter:
		r.mu.Lock()
		r.mute = true
		r.mu.Unlock()
	case hide:
		r.mu.Lock()
		r.hidden = action.code
		r.mu.Unlock()
	case fail:
		failing := "do $$ begin raise exception 'ordered by a test' using errcode = '" + action.code + "'; end $$"
		if !extended {
			r.server.Send(&pgproto3.Query{String: failing})
			return nil
		}
		r.mu.Lock()
		r.swallow++
		r.mu.Unlock()
		r.server.Send(&pgproto3.Parse{Query: failing})
		r.server.Send(&pgproto3.Bind{})
		return nil
	}
	r.server.Send(message)
	return nil
}

// answers carries what the server sends until the connection ends or is cut.
func (r *relay) answers() {
	for {
		message, err := r.server.Receive()
		if err != nil {
			return
		}
		if !r.answer(message) {
			return
		}
		if r.client.Flush() != nil {
			return
		}
	}
}

// answer passes a message on, and reports whether to go on.
func (r *relay) answer(message pgproto3.BackendMessage) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch message.(type) {
	case *pgproto3.ParseComplete:
		if r.swallow > 0 {
			r.swallow--
			return true
		}
	case *pgproto3.CommandComplete:
		if r.hidden != "" {
			code := r.hidden
			r.hidden = ""
			r.client.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: "ordered by a test"})
			return true
		}
	case *pgproto3.ReadyForQuery:
		if r.mute {
			return false // the server has done everything it was asked for
		}
	}
	if !r.mute {
		r.client.Send(message)
	}
	return true
}
