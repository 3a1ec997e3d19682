package backup_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/storetest"
)

// TestRestoredStore holds stores that were restored from a backup to the promises of a store.
func TestRestoredStore(t *testing.T) {
	t.Parallel()
	data := taken(t)
	storetest.Run(t, func(t *testing.T) *store.DB {
		folder := t.TempDir()
		_, err := store.Restore(t.Context(), folder, "", func(path string) error {
			f, err := os.Create(path)
			if err != nil {
				return err
			}
			r := backup.NewReader(f)
			_, err = io.Copy(r, bytes.NewReader(data))
			if err == nil {
				_, err = r.Finish()
			}
			return errors.Join(err, f.Close())
		})
		if err != nil {
			t.Fatal(err)
		}
		return open(t, folder)
	})
}
