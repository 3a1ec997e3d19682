package main

import (
	"path/filepath"

	"github.com/carillon-server/carillon/internal/seal"
)

// sealingKey is the variable with the keys that seal secrets, instead of a file. It is no flag, since everyone on a machine can
// read a command line.
const sealingKey = "CARILLON_KEY"

// keyFile is the name of the file in the data folder that has them.
const keyFile = "key"

// sealSettings say where the key is that seals the secrets in the database.
type sealSettings struct {
	KeyFile string `env:"CARILLON_KEY_FILE" placeholder:"FILE" help:"The file with the key that seals the secrets in the database; only you may be able to read it. All servers on one database need the same key. Instead, the key may stand in the variable CARILLON_KEY. Default: key, in the data folder."`
}

// keys returns where the key is.
func (s *sealSettings) keys(env func(string) (string, bool), folder string) (seal.Source, error) {
	text, _ := env(sealingKey)
	switch {
	case text != "" && s.KeyFile != "":
		return nil, usagef("%s and --key-file exclude each other", sealingKey)
	case text != "":
		return seal.Text(text), nil
	case s.KeyFile != "":
		return seal.File(s.KeyFile), nil
	}
	return seal.File(filepath.Join(folder, keyFile)), nil
}
