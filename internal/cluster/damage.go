package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// errDamaged reports files of the store that cannot be read as they were written.
var errDamaged = errors.New("the data folder is damaged")

func damaged(err error) error { return fmt.Errorf("%w: %w", errDamaged, err) }

func isDamage(err error) bool { return errors.Is(err, errDamaged) }

// asideSuffix begins the suffix of files that a repair has set aside.
const asideSuffix = ".damaged-"

// repairLocked opens the store again after err, without the files that are damaged, and logs what is lost. Caller must
// hold mu.
func (e *Engine) repairLocked(ctx context.Context, err error) error {
	if !isDamage(err) {
		if err == nil {
			e.log.Info("the data folder needs no repair by this start", "dir", e.folder.dir)
		}
		return err
	}
	e.log.Warn("the data folder is damaged and is repaired", "dir", e.folder.dir, "error", err)
	for _, b := range e.buckets {
		for _, v := range b.values {
			if _, err := e.copyOf(v).load(); isDamage(err) {
				if err := e.setAside(e.copyOf(v).path, filepath.Base(e.copyOf(v).path)); err != nil {
					return err
				}
				e.log.Warn("lost: a stored value, which is as at the first start now", "bucket", b.options.Name, "key", v.key)
			}
		}
	}
	if err := e.setAside(e.folder.path("jetstream"), "jetstream"); err != nil {
		return err
	}
	return e.openLocked(ctx)
}

// setAside moves a file or folder to a name in the data folder that nothing reads, so that it can be looked at. It need
// not exist.
func (e *Engine) setAside(path, name string) error {
	to := e.folder.path(name + asideSuffix + strings.ReplaceAll(time.Now().UTC().Format("20060102T150405.000"), ".", ""))
	err := os.Rename(path, to)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("set the damaged files aside: %w", err)
	}
	e.log.Warn("damaged files were set aside, and can be deleted", "now", to)
	return nil
}
