package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A lazy log acknowledges records before they are on the disk, so its checkpoint means something only between two runs:
// it is removed before the first record, and written once everything is on the disk. A process that dies in between
// leaves none, and the next one knows that the end of the log may be missing.

// begin removes the checkpoint, for good also after a power failure.
func (f checkpointFile) begin() error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(filepath.Dir(f.path))
}

// seal writes the checkpoint of a lazy log after the embedded server has ended. A log that has got no record has the
// checkpoint that it had.
func (s *recordStream) seal(dataDir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lazy || s.mark.last == 0 {
		return nil
	}
	if err := syncFiles(filepath.Join(dataDir, "jetstream", "$G", "streams", s.config.Name)); err != nil {
		return err
	}
	s.mark.at = time.Now()
	return writeSynced(s.checkpoint.path, s.checkpoint.encode(s.mark))
}

// syncFiles waits until all that is in a folder is on the disk.
func syncFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return syncFolder(path)
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs what can be written only
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
}
