package cluster

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// copyFile is the copy of a value in a file of its own: a line with the revision and a digest, and the value.
type copyFile struct{ path string }

// copied is the content of a copy. Revision 0 means that there is no file.
type copied struct {
	value    []byte
	revision uint64
}

const copyFormat = "tidings copy 1 %d %x\n"

func (f copyFile) digest(c copied) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", c.revision, c.value))
	return sum[:]
}

func (f copyFile) load() (copied, error) {
	content, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return copied{}, nil
	}
	if err != nil {
		return copied{}, err
	}
	var c copied
	var sum []byte
	line, value, _ := bytes.Cut(content, []byte("\n"))
	c.value = value
	if _, err := fmt.Sscanf(string(line)+"\n", copyFormat, &c.revision, &sum); err != nil || c.revision == 0 || !bytes.Equal(sum, f.digest(c)) {
		return copied{}, damaged(fmt.Errorf("%s is not as it was written", f.path))
	}
	return c, nil
}

// save replaces the file. After a power failure it has the old content or the new one.
func (f copyFile) save(value []byte, revision uint64) error {
	c := copied{value, revision}
	return writeSynced(f.path, append(fmt.Appendf(nil, copyFormat, revision, f.digest(c)), value...))
}

// writeSynced replaces a file. After a power failure it has the old content or the new one.
func writeSynced(path string, content []byte) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncFolder(filepath.Dir(path))
}
