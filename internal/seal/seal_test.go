package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/seal"
)

func ring(t *testing.T, text string) *seal.Ring {
	t.Helper()
	r, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	older, newer := seal.NewKey(rand.Reader), seal.NewKey(rand.Reader)
	r := ring(t, "# keys\n"+newer+"\n"+older+" # the first\n")
	first := ring(t, older).Newest()
	if r.Newest() == first || !r.Has(first) {
		t.Fatalf("the newest of %s and %s", r.Newest(), first)
	}
	here, secret := []byte("here"), []byte("secret")
	sealed := r.Seal(first, here, secret, rand.Reader)
	if again := r.Seal(first, here, secret, rand.Reader); bytes.Equal(sealed, again) {
		t.Error("the same secret is sealed the same")
	}
	if got, err := r.Open(here, sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("Open: %v", err)
	}
	if id, ok := seal.KeyOf(sealed); !ok || id != first {
		t.Errorf("KeyOf: %s, %t", id, ok)
	}
	if _, err := r.Open([]byte("there"), sealed); err == nil {
		t.Error("it opens in another place")
	}
	var missing *seal.MissingKeyError
	if _, err := ring(t, newer).Open(here, sealed); !errors.As(err, &missing) || missing.Key != first {
		t.Errorf("without the key: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.Open(here, bad); err == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
		if _, err := r.Open(here, sealed[:i]); err == nil {
			t.Errorf("its first %d bytes open", i)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	key := seal.NewKey(rand.Reader)
	for name, c := range map[string]struct{ text, want string }{
		"empty":       {"", "there is no key"},
		"remark":      {"# " + key, "there is no key"},
		"too short":   {"\n" + key[:40], "line 2: a key must be 32 bytes in base64"},
		"not base64":  {"!" + key[1:], "line 1: a key must be 32 bytes in base64"},
		"one is bad":  {key + "," + key[4:], "line 1: a key must be 32 bytes in base64"},
		"line breaks": {key[:20] + "\n" + key[20:], "line 1: a key must be 32 bytes in base64"},
	} {
		if _, err := seal.Parse(c.text); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	f := seal.File(filepath.Join(t.TempDir(), "a", "key"))
	if _, err := f.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before there is one: %v", err)
	}
	made, err := f.Make(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Make(rand.Reader); err == nil {
		t.Error("it was made again")
	}
	loaded, err := f.Load()
	if err != nil || loaded.Newest() != made.Newest() {
		t.Fatalf("Load: %v", err)
	}
	newer, err := f.Add(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if loaded, err = f.Load(); err != nil || loaded.Newest() != newer || !loaded.Has(made.Newest()) {
		t.Errorf("with one more: %v", err)
	}
	info, err := os.Stat(string(f))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode: %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(string(f), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by others: %v, want a remedy", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(string(f)), ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files are left over: %v, %v", left, err)
	}
}

func FuzzOpen(f *testing.F) {
	r, err := seal.Parse(seal.NewKey(rand.Reader))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.Seal(r.Newest(), []byte("here"), []byte("secret"), rand.Reader))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := r.Open([]byte("there"), sealed); err == nil {
			t.Error("it opens")
		}
	})
}
