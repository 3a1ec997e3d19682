package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/durable"
)

// serverFile is the name of a running server's note in its data folder.
const serverFile = "server.json"

// running is what a server notes in its data folder as long as it takes calls. The other commands find it there.
type running struct {
	URL     string    `json:"url"`
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Admin   string    `json:"admin,omitempty"` // the URL of the admin address
	secured
	// AccessKeyID tells whether the credentials in the folder are the server's, or whether it has others.
	AccessKeyID string `json:"access_key_id"`
}

// write notes the server in its folder.
func (r running) write(folder string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return durable.Write(filepath.Join(folder, serverFile), append(data, '\n'))
}

// findServer returns the server of a data folder if it is ready to take calls. The error of a missing one says how to
// start it; a note left behind by a killed server is seen through.
func findServer(ctx context.Context, folder string, start command) (running, error) {
	data, err := os.ReadFile(filepath.Join(folder, serverFile))
	if errors.Is(err, fs.ErrNotExist) {
		return running{}, fmt.Errorf("no server is running on the data folder %s; start one: %s", folder, start.line("serve"))
	}
	if err != nil {
		return running{}, err
	}
	var r running
	if err := json.Unmarshal(data, &r); err != nil || r.URL == "" {
		return running{}, fmt.Errorf("%s is no note of a server; remove it and start one: %s", filepath.Join(folder, serverFile), start.line("serve"))
	}
	err = checkReady(ctx, r.client(), r.URL)
	if unready := (*notReadyError)(nil); errors.As(err, &unready) {
		return running{}, err
	}
	if err != nil {
		return running{}, fmt.Errorf("the server of the data folder %s has gone without a word: %w; start it again: %s", folder, err, start.line("serve"))
	}
	return r, nil
}

// notReadyError is the answer of a server that is there and does not take calls.
type notReadyError struct {
	url, status, body string
}

func (e *notReadyError) Error() string {
	return fmt.Sprintf("%s is not ready: %s %s", e.url, e.status, e.body)
}

// checkReady asks a server whether it takes calls.
func checkReady(ctx context.Context, client *http.Client, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return unreachable(address, err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, 300)) // as much as there is: it only explains the status
	return &notReadyError{address, response.Status, string(body)}
}

// endpointURL returns an endpoint in the form to which a path is added.
func endpointURL(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", usagef("the endpoint must be a URL such as http://127.0.0.1:24463, not %q", endpoint)
	}
	return strings.TrimRight(endpoint, "/"), nil
}

// unreachable says that nothing answers at an address. The client's error would name the whole request again.
func unreachable(address string, err error) error {
	var client *url.Error
	if errors.As(err, &client) {
		err = client.Err
	}
	return fmt.Errorf("%s does not answer: %w", address, err)
}
