package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// NewStandby makes a copy of the cluster that follows it, and starts it. From then on the cluster acknowledges a commit when the
// standby has it on its disk, too. The caller stops it.
func (c *Cluster) NewStandby(ctx context.Context) (_ *Cluster, err error) {
	folder, as, err := NewFolder()
	if err != nil {
		return nil, err
	}
	s := &Cluster{Folder: folder, port: c.port, bin: c.bin, as: as}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if err := c.run("pg_basebackup", "--host="+c.Folder, "--port="+strconv.Itoa(c.port), "--username=carillon", "--pgdata="+s.data(),
		"--write-recovery-conf", "--checkpoint=fast"); err != nil {
		return nil, err
	}
	if err := s.configure("unix_socket_directories = '" + folder + "'"); err != nil {
		return nil, err
	}
	if err := s.Restart(); err != nil {
		return nil, err
	}
	return s, c.waitForStandby(ctx)
}

// waitForStandby makes commits wait for the standby, and returns when it follows.
func (c *Cluster) waitForStandby(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range []string{"alter system set synchronous_standby_names = '*'", "select pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(50 * time.Millisecond) {
		var following int
		if err := conn.QueryRow(ctx, "select count(*) from pg_stat_replication where sync_state = 'sync'").Scan(&following); err != nil {
			return err
		}
		if following > 0 {
			return nil
		}
	}
	return errors.New("the standby does not follow")
}

// Promote makes the standby a cluster of its own, and returns when it takes writes.
func (c *Cluster) Promote() error { return c.run("pg_ctl", "--pgdata", c.data(), "--wait", "promote") }

// EitherDSN names a database of whichever of two clusters takes writes.
func EitherDSN(a, b *Cluster, database string) string {
	return fmt.Sprintf("postgres://carillon@/%s?host=%s,%s&port=%d,%d&target_session_attrs=read-write", database, a.Folder, b.Folder, a.port, b.port)
}
