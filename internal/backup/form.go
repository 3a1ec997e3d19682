// Package backup takes backups of the embedded store and checks them: for clients, who read them in pieces, and by a
// schedule.
//
// A backup is a SQLite database as it was at one moment, with a trailer behind it by which damage is known. SQLite does not
// see the trailer: the file can be opened as it is.
package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/store"
)

// The trailer is a line of this many bytes, from an empty line on: what it is, the size of the database, when it was
// taken, and the sum of all that is before the sum.
const (
	trailerSize = 192
	trailerHead = "\ncarillon backup 1"
	sumLabel    = " sha256 "
)

// Info is what a backup says of itself.
type Info struct {
	Size  int64 // of the database, in bytes
	Taken time.Time
}

// head is the trailer without the sum.
func (i Info) head() []byte {
	text := fmt.Sprintf("%s size %d taken %s", trailerHead, i.Size, i.Taken.UTC().Format(time.RFC3339))
	room := trailerSize - len(sumLabel) - 2*sha256.Size - 1
	return []byte(text + strings.Repeat(" ", room-len(text)) + sumLabel)
}

// trailer is the trailer, for a sum over the database and the head.
func trailer(head []byte, sum []byte) []byte { return fmt.Appendf(head, "%x\n", sum) }

// Take makes a whole backup in a new file: snapshot writes the database there. progress is told the bytes of the database.
func Take(ctx context.Context, path string, now time.Time, snapshot Snapshot, progress func(done, total int64)) (err error) {
	if err := snapshot(ctx, path, progress); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	head := Info{size, now}.head()
	h.Write(head)
	if _, err := f.Write(trailer(head, h.Sum(nil))); err != nil {
		return err
	}
	return f.Sync()
}

// Snapshot writes a database into a new file, as [store.DB.Snapshot] does.
type Snapshot func(ctx context.Context, path string, progress func(done, total int64)) error

var _ Snapshot = (*store.DB)(nil).Snapshot

// ErrDamaged is the error of a backup that is not as it was taken.
var ErrDamaged = errors.New("the backup is damaged: it is not what was written when it was taken")

// Reader checks a backup while it is written to it, and passes the database on. Only when Finish returns nil was it whole.
type Reader struct {
	to   io.Writer
	held []byte // the last bytes, which may be the trailer
	sum  hash.Hash
	size int64
}

// NewReader returns a Reader that passes the database on to w.
func NewReader(w io.Writer) *Reader { return &Reader{to: w, sum: sha256.New()} }

// Write takes a piece of the backup.
func (r *Reader) Write(p []byte) (int, error) {
	pass := len(r.held) + len(p) - trailerSize // of the two together
	if pass <= 0 {
		r.held = append(r.held, p...)
		return len(p), nil
	}
	old := min(pass, len(r.held))
	if err := r.pass(r.held[:old]); err != nil {
		return 0, err
	}
	if err := r.pass(p[:pass-old]); err != nil {
		return 0, err
	}
	r.held = append(append(r.held[:0], r.held[old:]...), p[pass-old:]...)
	return len(p), nil
}

func (r *Reader) pass(p []byte) error {
	r.sum.Write(p)
	r.size += int64(len(p))
	_, err := r.to.Write(p)
	return err
}

// Finish says what the backup is, or that it is damaged or none.
func (r *Reader) Finish() (Info, error) {
	head, _, found := bytes.Cut(r.held, []byte(sumLabel))
	if len(r.held) < trailerSize || !bytes.HasPrefix(r.held, []byte(trailerHead)) || !found {
		return Info{}, errors.New("the file is no backup of carillon's, or its end is missing")
	}
	head = r.held[:len(head)+len(sumLabel)]
	r.sum.Write(head)
	if want := trailer(bytes.Clone(head), r.sum.Sum(nil)); !bytes.Equal(want, r.held) {
		return Info{}, ErrDamaged
	}
	words := strings.Fields(strings.TrimPrefix(string(head), trailerHead))
	if len(words) < 4 {
		return Info{}, ErrDamaged
	}
	size, err := strconv.ParseInt(words[1], 10, 64)
	taken, err2 := time.Parse(time.RFC3339, words[3])
	if err != nil || err2 != nil || size != r.size {
		return Info{}, ErrDamaged
	}
	return Info{size, taken}, nil
}
