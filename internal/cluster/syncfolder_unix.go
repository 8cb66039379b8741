//go:build unix

package cluster

import (
	"errors"
	"os"
)

// syncFolder waits until the names of a folder's files are on the disk.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
