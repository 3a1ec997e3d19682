package store_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// opened opens a store that the test closes itself.
func opened(t *testing.T, folder string, keys seal.Source) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), folder, rand.Reader, keys)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return db
}

// secrets adds an access key and a bot and returns their secrets.
func secrets(t *testing.T, db *store.DB) (key *chime.AccessKey, secret string, bot *chime.Bot) {
	t.Helper()
	source := chimetest.Source()
	source.Random = rand.Reader
	a := chime.NewAccount(source, 1, "Example")
	key, secret, err := chime.NewAccessKey(source, 1, chime.ID{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bot, err = a.NewBot(source, chime.Quotas{}, 0, "Helper", "example.com")
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), 1, func(tx *store.Tx) error {
		tx.InsertAccount(a)
		return errors.Join(tx.InsertAccessKey(key, secret), tx.InsertBot(bot))
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	return key, secret, bot
}

// check reads what secrets added.
func check(t *testing.T, db *store.DB, key *chime.AccessKey, secret string, bot *chime.Bot) {
	t.Helper()
	a, _, err := db.Access(t.Context(), key.ID)
	if err != nil || a == nil || a.Secret != secret {
		t.Errorf("the access key: %v, found %t", err, a != nil)
	}
	err = db.View(t.Context(), 1, func(tx *store.Tx) error {
		b, err := tx.Bot(bot.AccountID, bot.ID)
		if err == nil && b.SecurityToken != bot.SecurityToken {
			t.Error("the bot has another token")
		}
		return err
	})
	if err != nil {
		t.Errorf("the bot: %v", err)
	}
}

// TestNothingIsInClear looks for secrets in the files of a store.
func TestNothingIsInClear(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := opened(t, folder, sealtest.Keys)
	_, secret, bot := secrets(t, db)
	all := map[string]string{"access key": secret, "token of a bot": bot.SecurityToken, "page tokens": string(db.TokenKey()), "links": string(db.LinkKey())}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		read += len(data)
		for what, s := range all {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds a secret in clear: %s", filepath.Base(f), what)
			}
		}
	}
	if read < 10_000 {
		t.Errorf("read only %d bytes: where is the database?", read)
	}
}

// TestSecretsInClearAreSealed opens a database in which secrets stand in clear, as the release before this one left them.
func TestSecretsInClearAreSealed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := opened(t, folder, sealtest.Keys)
	key, secret, bot := secrets(t, db)
	tokenKey := db.TokenKey()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	unseal(t, folder, map[string][]byte{"page tokens": tokenKey}, bot)
	keys := seal.Text(seal.NewKey(rand.Reader) + " " + string(sealtest.Keys))
	db = opened(t, folder, keys)
	if !bytes.Equal(db.TokenKey(), tokenKey) {
		t.Error("the secret of the page tokens changed")
	}
	check(t, db, key, secret, bot)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, store.File))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(bot.SecurityToken)) || bytes.Contains(data, tokenKey) {
		t.Error("a secret still stands in clear")
	}
}

// unseal makes a database one of the release before, but for the tables that it did not have.
func unseal(t *testing.T, folder string, installation map[string][]byte, bot *chime.Bot) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, store.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `update bots set sealed_token = null, security_token = $1`, bot.SecurityToken)
	for name, value := range installation {
		_, err2 := db.ExecContext(t.Context(), `update secrets set sealed = 0, value = $1 where name = $2`, value, name)
		err = errors.Join(err, err2)
	}
	_, err2 := db.ExecContext(t.Context(), `delete from secrets where name = 'sealing keys'`)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
}

// TestKeyIsMissing opens a store without the key that seals its secrets.
func TestKeyIsMissing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	if err := opened(t, folder, seal.File(path)).Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "key")
	if _, err := seal.File(other).Make(rand.Reader); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys seal.Source
		want string
	}{
		"no file":      {seal.File(other + "s"), "is not there: copy it from the data folder of the server that made it"},
		"another file": {seal.File(other), "is not in the key file " + other + ": copy the keys of the server that made it"},
		"another text": {sealtest.Keys, "is not in CARILLON_KEY"},
	} {
		_, err := store.Open(t.Context(), folder, rand.Reader, c.keys)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := os.Stat(other + "s"); err == nil {
		t.Error("a key was made that opens nothing")
	}
	if err := opened(t, folder, seal.File(path)).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSwappedSecrets puts a sealed secret in another's place.
func TestSwappedSecrets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := opened(t, folder, sealtest.Keys)
	key, _, _ := secrets(t, db)
	mine, secret, err := chime.NewAccessKey(chimetest.Source(), 2, chime.ID{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), 2, func(tx *store.Tx) error { return tx.InsertAccessKey(mine, secret) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	exec(t, folder, `update access_keys set sealed_secret = (select sealed_secret from access_keys where tenant = 2) where tenant = 1`)
	db = openIn(t, folder)
	if a, _, err := db.Access(t.Context(), key.ID); err == nil {
		t.Errorf("a key opens with another's secret: %v", a != nil)
	}
}

// TestRekeyWhileTwoServe changes the key on one of two stores on a database.
func TestRekeyWhileTwoServe(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	var files [2]seal.File
	var dbs [2]*store.DB
	for i := range dbs {
		files[i] = seal.File(filepath.Join(t.TempDir(), "key"))
		if i > 0 {
			copyFile(t, string(files[0]), string(files[i]))
		}
		db, err := store.OpenPostgres(t.Context(), database, rand.Reader, files[i])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		dbs[i] = db
	}
	key, secret, bot := secrets(t, dbs[1])

	// The new key comes to all servers, then one of them is told.
	id, err := files[0].Add(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, string(files[0]), string(files[1]))
	if err := dbs[0].LoadKeys(); err != nil {
		t.Fatal(err)
	}
	update := func(fn func(*store.Tx) error) {
		t.Helper()
		if err := dbs[0].Update(t.Context(), 0, fn); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx *store.Tx) error {
		began, err := tx.BeginRekey(id)
		if !began {
			t.Error("the key was the current one already")
		}
		return err
	})
	check(t, dbs[1], key, secret, bot)
	bot.Regenerate(chimetest.Source()) // by the server that was not told
	if err := dbs[1].Update(t.Context(), 1, func(tx *store.Tx) error { return tx.UpdateBot(bot) }); err != nil {
		t.Fatal(err)
	}
	sealed := 0
	update(func(tx *store.Tx) error {
		sealed = 0
		for cursor := []byte{}; cursor != nil; {
			next, n, err := tx.Rewrap(cursor, 100)
			if err != nil {
				return err
			}
			cursor, sealed = next, sealed+n
		}
		tx.EndRekey(id)
		return nil
	})
	if sealed != 5 { // the access key and four secrets of the installation; the bot was sealed anew above
		t.Errorf("%d secrets were sealed anew, want 5", sealed)
	}

	// Now the former key is not needed any more.
	text, err := os.ReadFile(string(files[0]))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	db, err := store.OpenPostgres(t.Context(), database, rand.Reader, seal.Text(first))
	if err != nil {
		t.Fatalf("with the new key alone: %v", err)
	}
	defer db.Close()
	check(t, db, key, secret, bot)
	check(t, dbs[1], key, secret, bot)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
