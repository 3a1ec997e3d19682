//go:build !linux

package walwrite

// dataSyncer leaves the syncs to SQLite.
type dataSyncer struct{}

func (dataSyncer) open(string)         {}
func (dataSyncer) sync() (bool, error) { return false, nil }
func (dataSyncer) close()              {}
