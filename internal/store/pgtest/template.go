package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable is the environment variable that names a cluster for the tests of many processes, by the DSN of a database in
// it: test/withpostgres sets it. Every test makes a database of its own there.
const Variable = "CARILLON_TEST_DATABASE"

// Template is a database that is copied for many tests.
type Template struct {
	DSN  string
	name string
}

// NewTemplate makes an empty database in the cluster that [Variable] names.
func NewTemplate(ctx context.Context) (*Template, error) {
	name := fmt.Sprintf("template_%d", os.Getpid())
	if err := execAt(ctx, os.Getenv(Variable), "create database "+name); err != nil {
		return nil, err
	}
	dsn, err := sibling(name)
	return &Template{dsn, name}, err
}

// Exec runs a statement in the template.
func (d *Template) Exec(ctx context.Context, statement string) error {
	return execAt(ctx, d.DSN, statement)
}

var copies atomic.Int64

// CopyOf returns the DSN of a new copy of the template, to which nobody may be connected. It is dropped with the test.
func CopyOf(t testing.TB, d *Template) string {
	t.Helper()
	name := fmt.Sprintf("copy_%d_%d", os.Getpid(), copies.Add(1))
	if err := execAt(context.Background(), os.Getenv(Variable), "create database "+name+" template "+d.name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execAt(context.Background(), os.Getenv(Variable), "drop database "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	dsn, err := sibling(name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// sibling names another database of the cluster that [Variable] names.
func sibling(name string) (string, error) {
	u, err := url.Parse(os.Getenv(Variable))
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func execAt(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
