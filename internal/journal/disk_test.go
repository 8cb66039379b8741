package journal_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/journal/journaltest"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// disk is a journal with a log in an engine.
type disk struct {
	*journal.Journal
	engine *cluster.Engine
	log    *cluster.Log
	said   *bytes.Buffer // warnings
	dir    string
}

// openDisk starts an engine on a folder and reads the journal.
func openDisk(t *testing.T, options cluster.Options, lazy bool) (*disk, error) {
	t.Helper()
	d := &disk{said: new(bytes.Buffer), dir: options.Dir}
	options.Logger = slog.New(slog.NewTextHandler(d.said, &slog.HandlerOptions{Level: slog.LevelWarn}))
	d.engine = cluster.New(options)
	d.log = d.engine.Log(cluster.LogOptions{Name: "journal", Lazy: lazy})
	if err := d.engine.Start(t.Context()); err != nil {
		return nil, err
	}
	t.Cleanup(func() { d.close(t) })
	d.Journal = journal.New(journal.Options{Log: d.log, Logger: options.Logger})
	return d, d.Open(t.Context())
}

func (d *disk) close(t *testing.T) {
	t.Helper()
	if err := d.engine.Close(); err != nil {
		t.Error(err)
	}
}

func mustOpenDisk(t *testing.T, dir string) *disk {
	t.Helper()
	d, err := openDisk(t, cluster.Options{Dir: dir}, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// quickDir returns a temporary folder, in memory if this machine has a file system there.
func quickDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tidings-test-") //nolint:usetesting // in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// image is the content of a folder, by names.
type image map[string][]byte

// imageOf reads a folder, as it is after the death of its process. A file that is being replaced meanwhile is as it was
// before.
func imageOf(t *testing.T, dir string) image {
	t.Helper()
	i := make(image)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && entry.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		i[name] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// with writes the image into a folder, with another content of one file; nil: without it.
func (i image) with(t *testing.T, name string, content []byte) (dir string) {
	t.Helper()
	dir = quickDir(t)
	for file, original := range i {
		if file == name {
			if original = content; content == nil {
				continue
			}
		}
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, original, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAJournalOnDiskKeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) publication.Journal { return mustOpenDisk(t, quickDir(t)) })
}

func TestAJournalOnDiskIsTheSameAfterARestart(t *testing.T) {
	for _, lazy := range []bool{false, true} {
		t.Run(fmt.Sprint("lazy: ", lazy), func(t *testing.T) {
			dir := quickDir(t)
			for range 3 {
				d, err := openDisk(t, cluster.Options{Dir: dir}, lazy)
				if err != nil {
					t.Fatal(err)
				}
				variety(t, d.Journal, 100)
				if err := d.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
				variety(t, d.Journal, 10)
				d.close(t)
				again, err := openDisk(t, cluster.Options{Dir: dir}, !lazy) // the log moves to another way of syncing
				if err != nil || again.said.Len() > 0 {
					t.Fatal(err, again.said)
				}
				same(t, again.Journal, d.Journal)
				again.close(t)
			}
		})
	}
}

// The death of the process at any time, also during a compaction, loses nothing that was acknowledged.
func TestTheDeathOfTheProcessLosesNothing(t *testing.T) {
	d := mustOpenDisk(t, quickDir(t))
	dir := d.dir
	images := make(map[int]image) // by the number of acknowledged publications
	const most = 600
	for id := range most {
		keep(t, d.Journal, wamp.URI(fmt.Sprint("a.", id%3)), wamp.ID(id+1))
		if id%97 == 0 {
			images[id+1] = imageOf(t, dir)
		}
		if id == most/2 {
			if err := d.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			images[id+1] = imageOf(t, dir)
		}
	}
	for acknowledged, i := range images {
		again := mustOpenDisk(t, i.with(t, "", nil))
		if again.said.Len() > 0 {
			t.Errorf("after %d: %s", acknowledged, again.said)
		}
		for topic := range 3 {
			var want []wamp.ID
			for id := range acknowledged {
				if id%3 == topic {
					want = append(want, wamp.ID(id+1))
				}
			}
			expectKept(t, again.Journal, wamp.URI(fmt.Sprint("a.", topic)), want[max(0, len(want)-10):]...)
		}
		again.close(t)
	}
}

// Nothing tells what a lazy log has lost with its process, so all that come back are told.
func TestAfterTheDeathOfALazyJournalAllPositionsAreAnsweredWithAGap(t *testing.T) {
	d, err := openDisk(t, cluster.Options{Dir: quickDir(t)}, true)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, d.Journal, "a", 1)
	kept := d.Position()
	if _, there := imageOf(t, d.dir)["journal.checkpoint"]; there {
		t.Error("a log that is not on the disk has a checkpoint")
	}
	d.close(t)
	closed := imageOf(t, d.dir) // a process that dies leaves this or less, without the checkpoint
	for _, lazy := range []bool{true, false} {
		t.Run(fmt.Sprint("lazy again: ", lazy), func(t *testing.T) {
			dir := closed.with(t, "journal.checkpoint", nil)
			again, err := openDisk(t, cluster.Options{Dir: dir}, lazy)
			if err != nil || strings.Count(again.said.String(), "lost") != 1 {
				t.Fatalf("%v; %s", err, again.said)
			}
			if page := everything(again.Journal, kept); !page.Gap {
				t.Error("an old position is known")
			}
			keep(t, again.Journal, "a", 2)
			now := again.Position()
			again.close(t)
			third, err := openDisk(t, cluster.Options{Dir: dir}, lazy)
			if err != nil || third.said.Len() > 0 {
				t.Fatalf("the start after it: %v; %s", err, third.said)
			}
			if everything(third.Journal, now).Gap || !everything(third.Journal, kept).Gap {
				t.Error("the new position is not known, or the old one is")
			}
		})
	}
}
