package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Source is where keys are kept.
type Source interface {
	// Load returns the keys as they are now. The error is fs.ErrNotExist where there are none yet.
	Load() (*Ring, error)
	// Make makes the first key.
	Make(random io.Reader) (*Ring, error)
	// String says where that is, for messages.
	String() string
}

// File is a source in a file that only its owner can read.
type File string

func (f File) String() string { return "the key file " + string(f) }

// Load reads the file.
func (f File) Load() (*Ring, error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users of this machine can read %s; chmod 600 it", f)
	}
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w; it belongs to the user who runs the server", err)
	}
	r, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; restore it from a copy", f, err)
	}
	return r, nil
}

// fileHead begins a key file.
const fileHead = `# The key that seals the secrets in Carillon's database: access keys, tokens of bots, and the installation's own. Without it
# they are lost. Keep a copy of this file, and not beside the copies of the database. All servers on one database have the same
# keys. To change the key: carillon keys rekey --help
`

// Make makes the file with a new key, and the folder where that is missing. It does not touch a file that is there.
func (f File) Make(random io.Reader) (*Ring, error) {
	key := NewKey(random)
	err := os.MkdirAll(filepath.Dir(string(f)), 0o700)
	if err == nil {
		err = f.write(fileHead + key + "\n")
	}
	if err != nil {
		return nil, fmt.Errorf("make the key file: %w; mend the folder's permissions or choose another with --key-file", err)
	}
	return Parse(key)
}

// Add puts a new key before the others of the file.
func (f File) Add(random io.Reader) (KeyID, error) {
	if _, err := f.Load(); err != nil {
		return KeyID{}, err
	}
	text, err := os.ReadFile(string(f))
	if err != nil {
		return KeyID{}, err
	}
	key := NewKey(random)
	r, err := Parse(key)
	if err != nil {
		return KeyID{}, err
	}
	text = append([]byte(key+"\n"), text...)
	return r.Newest(), f.replace(text, os.Rename)
}

func (f File) write(text string) error {
	// Link, unlike Rename, fails where the file is there.
	return f.replace([]byte(text), func(from, to string) error { return errors.Join(os.Link(from, to), os.Remove(from)) })
}

// replace writes a file beside and puts it in place, so that the file is never there in part.
func (f File) replace(text []byte, put func(from, to string) error) (err error) {
	folder := filepath.Dir(string(f))
	beside, err := os.CreateTemp(folder, "."+filepath.Base(string(f))+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = beside.Write(text)
	if err == nil {
		err = beside.Sync()
	}
	if err = errors.Join(err, beside.Close()); err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	if err := put(beside.Name(), string(f)); err != nil {
		// It may have been removed already.
		_ = os.Remove(beside.Name())
		return err
	}
	// The name is durable once the folder is. Systems that cannot sync a folder need not.
	if d, err := os.Open(folder); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// Text is a source that does not change: keys as [Parse] reads them, such as those of an environment variable.
type Text string

func (Text) String() string { return "CARILLON_KEY" }

// Load reads the text.
func (t Text) Load() (*Ring, error) {
	r, err := Parse(string(t))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return r, nil
}

// Make is for nothing: a text that is empty is an error of Load.
func (t Text) Make(io.Reader) (*Ring, error) { return nil, fs.ErrInvalid }
