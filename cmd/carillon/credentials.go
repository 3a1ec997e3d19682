package main

import (
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/durable"
)

// The environment variables of the first credentials: those of the root of an AWS account. They are no flags, since
// everyone on a machine can read a command line.
const (
	rootAccessKeyID     = "CARILLON_ROOT_ACCESS_KEY_ID"
	rootSecretAccessKey = "CARILLON_ROOT_SECRET_ACCESS_KEY"
	awsAccountID        = "CARILLON_AWS_ACCOUNT_ID"
)

// defaultRegion is what clients sign for when nobody says otherwise. The server takes every region.
const defaultRegion = "us-east-1"

// credentialsFile is the name of the first credentials in the data folder.
const credentialsFile = "credentials"

// credentials sign calls. The secret is never printed but by env, which exists for it.
type credentials struct {
	accessKeyID string
	secret      string
	account     chime.Tenant // whose they are, if origin is this server's own
	origin      string       // where they were found, for messages
}

// root returns who calls with the first credentials of a server.
func (c credentials) root() chime.Caller {
	return c.account.Root(chime.InstallationRoot, c.accessKeyID)
}

var (
	accessKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_]{16,128}$`) // the pattern of IAM's accessKeyIdType
	secretPattern    = regexp.MustCompile(`^[!-~]{16,128}$`)
)

// check returns an error if the server cannot take the credentials as its own. It names what is wrong, not the value.
func (c credentials) check(idName, secretName string) error {
	if !accessKeyPattern.MatchString(c.accessKeyID) {
		return fmt.Errorf("%s must be 16 to 128 letters, digits and underscores", idName)
	}
	if !secretPattern.MatchString(c.secret) {
		return fmt.Errorf("%s must be 16 to 128 visible ASCII characters", secretName)
	}
	return nil
}

// environmentRoot returns the first credentials that the environment sets, and whether it does. It leaves account open.
func environmentRoot(env func(string) (string, bool)) (c credentials, set bool, err error) {
	id, _ := env(rootAccessKeyID)
	secret, _ := env(rootSecretAccessKey)
	switch {
	case id == "" && secret == "":
		return credentials{}, false, nil
	case id == "":
		return credentials{}, false, usagef("%s is set but %s is not; set both, or neither for random ones", rootSecretAccessKey, rootAccessKeyID)
	case secret == "":
		return credentials{}, false, usagef("%s is set but %s is not; set both, or neither for random ones", rootAccessKeyID, rootSecretAccessKey)
	}
	c = credentials{accessKeyID: id, secret: secret, origin: rootAccessKeyID}
	if err := c.check(rootAccessKeyID, rootSecretAccessKey); err != nil {
		return credentials{}, false, usagef("%v", err)
	}
	return c, true, nil
}

// randomCredentials makes credentials that look like AWS's: 80 random bits in the id, 240 in the secret.
func randomCredentials(random io.Reader) (credentials, error) {
	var b [40]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return credentials{}, fmt.Errorf("make credentials: %w", err)
	}
	return credentials{
		accessKeyID: "AKIA" + base32.StdEncoding.EncodeToString(b[:10]),
		secret:      base64.StdEncoding.EncodeToString(b[10:]),
	}, nil
}

// format returns the content of a credentials file, in the format that AWS SDKs share.
func (c credentials) format(url string) []byte {
	return fmt.Appendf(nil, `# Carillon's first credentials: the root of the AWS account below. They were made at random when the server first
# started, which keeps them as long as this file is here. The file has the format of ~/.aws/credentials: tools read it
# with AWS_SHARED_CREDENTIALS_FILE set to its path. Some of them read region and endpoint_url in ~/.aws/config only.
[default]
aws_access_key_id = %s
aws_secret_access_key = %s
aws_account_id = %s
region = %s
endpoint_url = %s
`, c.accessKeyID, c.secret, c.account, defaultRegion, url)
}

// readCredentials reads the credentials in a data folder. If there are none, the error is fs.ErrNotExist.
func readCredentials(folder string) (credentials, error) {
	path := filepath.Join(folder, credentialsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return credentials{}, fmt.Errorf("read the credentials: %w; they belong to the user who runs the server", err)
	}
	profile := defaultProfile(data)
	c := credentials{accessKeyID: profile["aws_access_key_id"], secret: profile["aws_secret_access_key"], origin: path}
	const remedy = "mend it, or remove the file and start the server for new credentials"
	if err := c.check("aws_access_key_id", "aws_secret_access_key"); err != nil {
		return credentials{}, fmt.Errorf("%s: in [default], %w; %s", path, err, remedy)
	}
	if account, ok := profile["aws_account_id"]; ok {
		if c.account, ok = chime.ParseTenant(account); !ok {
			return credentials{}, fmt.Errorf("%s: in [default], aws_account_id must be 12 digits; %s", path, remedy)
		}
	}
	return c, nil
}

// defaultProfile returns the settings of the profile "default" of an AWS shared credentials file.
func defaultProfile(data []byte) map[string]string {
	profile := map[string]string{}
	inside := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = line == "[default]"
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if inside && ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			profile[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return profile
}

// loose reports whether others on this machine can read the credentials in a data folder.
func loose(folder string) bool {
	info, err := os.Stat(filepath.Join(folder, credentialsFile))
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// root returns the first credentials of the server: those of the environment, or those of the data folder, which are
// made where they are missing. account is whose they shall be, or empty for what the file says or, at first, for
// 000000000000. url is the server's address, noted in a new file.
//
// The caller holds the folder's lock, so that no two servers make credentials at the same time.
func root(env func(string) (string, bool), folder, account, url string, random io.Reader) (credentials, error) {
	wanted, ok := chime.ParseTenant(account)
	if account != "" && !ok {
		return credentials{}, usagef("%s must be 12 digits", awsAccountID)
	}
	set, isSet, err := environmentRoot(env)
	if err != nil {
		return credentials{}, err
	}
	kept, err := readCredentials(folder)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case isSet && account != "":
		set.account = wanted
		return set, nil
	case err != nil && !missing:
		return credentials{}, err
	case isSet:
		set.account = kept.account
		return set, nil
	case !missing && account != "" && kept.account != wanted:
		return credentials{}, fmt.Errorf("the credentials in %s belong to the AWS account %s, not to %s; leave %s out, or move the file away for new credentials",
			kept.origin, kept.account, wanted, awsAccountID)
	case !missing:
		return kept, nil
	}
	made, err := randomCredentials(random)
	if err != nil {
		return credentials{}, err
	}
	made.account, made.origin = wanted, filepath.Join(folder, credentialsFile)
	if err := durable.Write(made.origin, made.format(url)); err != nil {
		return credentials{}, fmt.Errorf("keep the first credentials: %w; mend the folder's permissions or choose another with --data", err)
	}
	return made, nil
}

// hasCredentials reports whether this server has first credentials, in its environment or its folder.
func hasCredentials(env func(string) (string, bool), folder string) bool {
	if id, _ := env(rootAccessKeyID); id != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, credentialsFile))
	return err == nil
}

// noteEndpoint brings the endpoint_url of a credentials file up to date, where the file has one: the server may listen
// on another port than last time.
func noteEndpoint(folder, url string) error {
	path := filepath.Join(folder, credentialsFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	noted, ok := defaultProfile(data)["endpoint_url"]
	if !ok || noted == url {
		return nil
	}
	var changed strings.Builder
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == "endpoint_url" && strings.TrimSpace(value) == noted {
			line = "endpoint_url = " + url + "\n"
		}
		changed.WriteString(line)
	}
	return durable.Write(path, []byte(changed.String()))
}
