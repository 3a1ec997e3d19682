package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

const (
	// Piece bounds the bytes of a backup that are read at once (decided).
	Piece = 1 << 20
	// maxKept bounds the backups that are kept for clients at a time: each is as large as the database (decided).
	maxKept = 3
	// patience is how long a backup is kept of which its client has not asked (decided).
	patience = time.Minute
)

// Keeper takes backups for clients and keeps each, in the data folder, until its client has read it. It is safe for concurrent
// use.
type Keeper struct {
	db     *store.DB
	folder string
	now    func() time.Time

	mu     sync.Mutex
	kept   map[chime.ID]*kept
	closed bool
	work   sync.WaitGroup
}

// State is how far a backup is.
type State string

// The states of a backup.
const (
	Copying State = "Copying"
	Ready   State = "Ready"
	Failed  State = "Failed"
)

// Status says how far a backup is.
type Status struct {
	State State
	Done  int64 // bytes of the database that are copied
	Total int64 // bytes of the database, 0 before it is known
	Size  int64 // bytes of the whole backup, once it is Ready
	Error error // of one that Failed
}

// kept is a backup. The keeper's mutex guards it.
type kept struct {
	Status
	path string
	end  context.CancelFunc
	idle *time.Timer
}

// NewKeeper returns a keeper for the store in a data folder. Nothing is made before the first backup.
func NewKeeper(db *store.DB, folder string, now func() time.Time) *Keeper {
	return &Keeper{db: db, folder: folder, now: now, kept: map[chime.ID]*kept{}}
}

// Begin begins a backup under an id. One that was begun under the same id goes on.
func (k *Keeper) Begin(id chime.ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.db.Embedded():
		return chime.BadRequest.Errorf("%v", store.ErrNotEmbedded)
	case k.closed:
		return chime.Unavailable.Errorf("the server is shutting down")
	case k.kept[id] != nil:
		return nil
	case len(k.kept) >= maxKept:
		return chime.Conflict.Errorf("%d backups are under way; a backup whose client has gone ends after %v", maxKept, patience)
	}
	ctx, end := context.WithCancel(context.Background())
	b := &kept{path: store.TempFile(k.folder, "backup-"+id.String()), end: end, Status: Status{State: Copying}}
	b.idle = time.AfterFunc(patience, func() { _ = k.End(id) }) // nobody is left to be told
	k.kept[id] = b
	k.work.Go(func() { k.take(ctx, b) })
	return nil
}

func (k *Keeper) take(ctx context.Context, b *kept) {
	err := Take(ctx, b.path, k.now(), k.db.Snapshot, func(done, total int64) {
		k.mu.Lock()
		defer k.mu.Unlock()
		b.Done, b.Total = done, total
	})
	info, err2 := os.Stat(b.path)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch err := errors.Join(err, err2); {
	case ctx.Err() != nil:
		_ = os.Remove(b.path) // it was ended; what stays is removed with the next start
	case err != nil:
		_ = os.Remove(b.path)
		b.State, b.Error = Failed, err
	default:
		b.State, b.Size = Ready, info.Size()
	}
}

// find returns a backup that is kept, and keeps it for a while longer. The caller holds the mutex.
func (k *Keeper) find(id chime.ID) (*kept, error) {
	b := k.kept[id]
	if b == nil {
		return nil, chime.NotFound.Errorf("backup %s; it is kept for %v after each call", id, patience)
	}
	b.idle.Reset(patience)
	return b, nil
}

// Status returns how far a backup is.
func (k *Keeper) Status(id chime.ID) (Status, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, err := k.find(id)
	if err != nil {
		return Status{}, err
	}
	return b.Status, nil
}

// Read returns the piece of a backup that begins at an offset. It is empty at the end.
func (k *Keeper) Read(id chime.ID, offset int64) ([]byte, error) {
	if offset < 0 {
		return nil, chime.BadRequest.Errorf("Offset must not be negative")
	}
	k.mu.Lock()
	b, err := k.find(id)
	if err == nil && b.State != Ready {
		err = chime.Conflict.Errorf("backup %s is not ready but %s", id, b.State)
	}
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(b.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	piece := make([]byte, min(Piece, max(0, b.Size-offset)))
	n, err := f.ReadAt(piece, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return piece[:n], err
}

// End lets go of a backup, whether it is ready or not.
func (k *Keeper) End(id chime.ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, err := k.find(id)
	if err != nil {
		return err
	}
	b.idle.Stop()
	b.end()
	delete(k.kept, id)
	if b.State == Ready {
		return os.Remove(b.path)
	}
	return nil
}

// Close ends all backups and returns when nothing of them is left.
func (k *Keeper) Close() error {
	k.mu.Lock()
	k.closed = true
	ids := make([]chime.ID, 0, len(k.kept))
	for id := range k.kept {
		ids = append(ids, id)
	}
	k.mu.Unlock()
	var errs []error
	for _, id := range ids {
		if err := k.End(id); !errors.Is(err, chime.NotFound) { // it may have ended meanwhile
			errs = append(errs, err)
		}
	}
	k.work.Wait()
	return errors.Join(errs...)
}
