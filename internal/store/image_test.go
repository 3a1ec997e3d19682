package store_test

import (
	"testing"

	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/storetest"
)

func newImage(t testing.TB) *store.Image {
	t.Helper()
	image, err := store.NewImage(t.Context(), chimetest.Source().Random, sealtest.Keys)
	if err != nil {
		t.Fatalf("NewImage: %v", err)
	}
	return image
}

func openCopy(t testing.TB, image *store.Image) *store.DB {
	t.Helper()
	db, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestCopies(t *testing.T) {
	t.Parallel()
	image := newImage(t)
	storetest.Run(t, func(t *testing.T) *store.DB { return openCopy(t, image) })
}

func TestCopiesShareSecretsAndNothingElse(t *testing.T) {
	t.Parallel()
	image := newImage(t)
	a, b := openCopy(t, image), openCopy(t, image)
	if string(a.TokenKey()) != string(b.TokenKey()) || len(a.TokenKey()) == 0 {
		t.Error("the secrets of copies are not the same")
	}
	if _, err := a.RootKey(t.Context(), "AKIDEXAMPLE"); err != nil {
		t.Fatal(err)
	}
	if key, err := b.RootKey(t.Context(), ""); key != "" || err != nil {
		t.Errorf("a copy has %q of another, %v", key, err)
	}
}
