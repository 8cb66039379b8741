package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	lockName  = "lock"
	probeName = "probe"
	// probeBytes is the size of the largest write of the engine.
	probeBytes = 64 << 10
)

var errReplaced = errors.New("the folder was removed or replaced while the server runs: put it back, or restart the server")

// folder is the data folder of the engine, which is locked for this process.
type folder struct {
	dir    string
	marker os.FileInfo // of the lock file: another folder at the same path has another one
	unlock func()
}

// openFolder makes and locks the folder.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f := &folder{dir: dir}
	var err error
	if f.unlock, err = lock(f.path(lockName)); err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if f.marker, err = os.Stat(f.path(lockName)); err != nil {
		f.unlock()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return f, nil
}

// close releases the folder. A nil folder is not open.
func (f *folder) close() {
	if f != nil {
		f.unlock()
	}
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// probe returns the reason why the folder cannot be written to, or nil. It writes a file and removes it. With sync it
// also waits for the disk.
func (f *folder) probe(sync bool) (err error) {
	now, err := os.Stat(f.path(lockName))
	if errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(now, f.marker) {
		return errReplaced
	}
	if err != nil {
		return err
	}
	path := f.path(probeName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	defer file.Close()
	if _, err := file.Write(make([]byte, probeBytes)); err != nil {
		return err
	}
	if sync {
		return file.Sync()
	}
	return nil
}
