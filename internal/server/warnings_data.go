package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tidings-io/tidings/internal/config"
)

// warnData adds a warning if this process could not make the data folder, or not write to it. The server may run as
// another user than the check.
func warnData(c *config.Config, found *config.Problems) {
	if c.Data == "" {
		return
	}
	if reason, fix := unusable(c.Resolve(c.Data)); reason != "" {
		found.At(c, c.Pos("data"), "the data folder cannot be used by this user: "+reason, fix)
	}
}

// unusable returns why a folder cannot be made or written to, and what to do, or "".
func unusable(folder string) (reason, fix string) {
	for at := filepath.Clean(folder); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
			continue
		case err != nil && !errors.Is(err, fs.ErrPermission) && at != filepath.Dir(at):
			continue // below something that is no folder
		case err != nil:
			return err.Error(), "let the server's user enter the folders above it, or name another folder"
		case !info.IsDir():
			return fmt.Sprintf("%s is a file", at), "remove the file, or name another folder"
		}
		if err := tryFolder(at); err != nil {
			return err.Error(), "run the check as the server's user, give the folder to that user, or name another folder"
		}
		return "", ""
	}
}

// tryFolder makes and removes a folder in another one. Only that shows what file systems and lists of access permit.
func tryFolder(in string) error {
	made, err := os.MkdirTemp(in, ".tidings-check-*")
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("no folder can be made in %s: %w", in, err)
	}
	return os.Remove(made)
}
