package cluster_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
)

const siteState = "closed for repair"

// everyByte makes the test of damage try every position of every file, which takes minutes.
var everyByte = flag.Bool("everybyte", false, "damage every byte of the data folder, not a selection")

// image is a data folder with used ids and a value.
type image struct {
	files map[string][]byte // by name
	used  int               // ids from 0
	guard cluster.ReplayGuardOptions
}

// newImage makes an image. Unless clean, it is that of a process that has died.
func newImage(t *testing.T, used int, clean bool) image {
	t.Helper()
	i := image{files: make(map[string][]byte), used: used, guard: spent}
	i.guard.Most, i.guard.TTL, i.guard.Skew = 512, 10*time.Minute, 10*time.Second
	dir := quickDir(t)
	e := cluster.New(cluster.Options{Dir: dir})
	guard := e.ReplayGuard(i.guard)
	value := e.Bucket(cluster.BucketOptions{Name: "maintenance"}).Value("site")
	start(t, e)
	version := uint64(0)
	for _, state := range []string{"open", siteState} {
		now, saved, err := value.Save(t.Context(), []byte(state), version)
		if err != nil || !saved {
			t.Fatal(saved, err)
		}
		version = now
	}
	for id := range used {
		if first, err := guard.Use(t.Context(), strconv.Itoa(id), issuedNow(), time.Now()); !first || err != nil {
			t.Fatal(first, err)
		}
	}
	if clean {
		stop(t, e)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		i.files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// issuedNow returns the time of issue of an id that a guard with an old or new log accepts.
func issuedNow() time.Time { return time.Now().Add(spent.TTL) }

// with writes the image into a folder, with another content of one file; nil: without it.
func (i image) with(t *testing.T, damaged string, content []byte) (dir string) {
	t.Helper()
	dir = quickDir(t)
	for name, original := range i.files {
		if name == damaged {
			original = content
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if name == damaged && content == nil {
			continue
		}
		if err := os.WriteFile(path, original, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// outcome is what a start made of a damaged folder.
type outcome struct {
	refused bool // the start was refused, and names the way out
	noticed bool // the log says that something is damaged
}

// try starts an engine in a folder and checks that no id is accepted again, and that the value is right or said to be
// lost.
func (i image) try(t *testing.T, dir string, repair bool) (o outcome) {
	t.Helper()
	var log bytes.Buffer
	e := cluster.New(cluster.Options{Dir: dir, Repair: repair, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	guard := e.ReplayGuard(i.guard)
	value := e.Bucket(cluster.BucketOptions{Name: "maintenance"}).Value("site")
	if err := e.Start(t.Context()); err != nil {
		if repair || !strings.Contains(err.Error(), "tidings serve --repair") || !strings.Contains(err.Error(), dir) {
			t.Fatalf("the start failed with: %v", err)
		}
		return outcome{refused: true}
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	said := log.String()
	o.noticed = strings.Contains(said, "damaged")
	issued := time.Now()
	for id := range i.used {
		if first, _ := guard.Use(t.Context(), strconv.Itoa(id), issued, time.Now()); first {
			t.Fatalf("the used id %d was accepted again; the log says: %s", id, said)
		}
	}
	if _, err := guard.Use(t.Context(), "unused", issued, time.Now()); err != nil && (!o.noticed || !strings.Contains(err.Error(), "may have been used")) {
		t.Fatalf("an unused id was refused with %v; the log says: %s", err, said)
	}
	if first, err := guard.Use(t.Context(), "new", issuedNow(), time.Now()); !first || err != nil {
		t.Fatalf("an id of after the start was refused: %v", err)
	}
	state, version, err := value.Load(t.Context())
	if err != nil || string(state) != siteState && !strings.Contains(said, "lost: a stored value") {
		t.Fatalf("the value is %q, %v; the log says: %s", state, err, said)
	}
	if _, saved, err := value.Save(t.Context(), []byte("open"), version); err != nil || !saved {
		t.Fatalf("the value cannot be changed: %v, %v", saved, err)
	}
	return o
}

// positions returns the places in a file that are damaged.
func positions(length int) (list []int) {
	step := max(1, length/8)
	if *everyByte && length < 1000 {
		step = 1
	}
	for p := 0; p < length; p += step {
		list = append(list, p)
	}
	return list
}

func flipped(content []byte, position int) []byte {
	changed := bytes.Clone(content)
	changed[position] ^= 1 << (position % 8)
	return changed
}

// Whatever happens to one file: either it has no effect, or it is noticed. In no case is a used id accepted again, or a
// value lost without a word.
func TestDamageOfOneFileHasNoEffectOrIsNoticed(t *testing.T) {
	for kind, i := range map[string]image{"clean": newImage(t, 5, true), "killed": newImage(t, 5, false), "two blocks": newImage(t, 500, true)} {
		for name, content := range i.files {
			t.Run(kind+" "+strings.ReplaceAll(name, "/", " "), func(t *testing.T) {
				damages := map[string][]byte{"none": content, "deleted": nil, "emptied": {}}
				if kind != "two blocks" || *everyByte {
					for _, p := range positions(len(content)) {
						damages[fmt.Sprint("bit of byte ", p)] = flipped(content, p)
						damages[fmt.Sprint("cut to ", p)] = content[:p:p]
					}
				}
				counts := map[outcome]int{}
				for damage, changed := range damages {
					t.Run(damage, func(t *testing.T) {
						dir := i.with(t, name, changed)
						o := i.try(t, dir, false)
						if damage == "none" && o != (outcome{}) {
							t.Errorf("an intact folder is taken for a damaged one: %+v", o)
						}
						if counts[o]++; o.refused {
							i.try(t, dir, true)
						}
					})
				}
				t.Logf("of %d damages: %v (refused, noticed)", len(damages), counts)
			})
		}
	}
}

func TestALostDataFolderIsNoWayToUseATicketAgain(t *testing.T) {
	e := cluster.New(cluster.Options{Dir: t.TempDir()})
	guard := e.ReplayGuard(spent)
	issued := time.Now().Add(-time.Minute / 2)
	start(t, e)
	if first, err := guard.Use(t.Context(), "used", issued, time.Now()); first || !strings.Contains(err.Error(), "may have been used") {
		t.Errorf("an id from before the folder was made: %v, %v", first, err)
	}
	if first, err := guard.Use(t.Context(), "new", time.Now(), time.Now()); !first || err != nil {
		t.Errorf("an id of after the start: %v, %v", first, err)
	}
	if first, err := guard.Use(t.Context(), "unknown", time.Time{}, time.Now()); !first || err != nil {
		t.Errorf("an id of an unknown time: %v, %v", first, err)
	}
}

// Damage of a value and of its copy leaves nothing to go on with. The start is refused, until a repair says what is lost.
func TestARepairSaysWhatIsLost(t *testing.T) {
	i := newImage(t, 5, true)
	const copied, block = "maintenance.site.copy", "jetstream/$G/streams/KV_maintenance/msgs/1.blk"
	i.files[copied] = flipped(i.files[copied], 80)
	dir := i.with(t, block, nil)
	if o := i.try(t, dir, false); !o.refused {
		t.Fatal("it starts without the value")
	}
	if o := i.try(t, dir, true); !o.noticed {
		t.Error("the repair says nothing")
	}
	for _, pattern := range []string{copied + ".damaged-*", "jetstream.damaged-*"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(found) != 1 {
			t.Errorf("set aside as %s: %v, %v", pattern, found, err)
		}
	}
}

func TestARepairReplacesAStoreThatCannotBeOpened(t *testing.T) {
	i := newImage(t, 5, true)
	dir := i.with(t, "", nil)
	if err := os.Rename(filepath.Join(dir, "jetstream"), filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := i.try(t, dir, false); !o.refused {
		t.Fatal("it starts without its store")
	}
	i.try(t, dir, true)
}

func TestARepairOfAnIntactFolderChangesNothing(t *testing.T) {
	i := newImage(t, 5, true)
	if o := i.try(t, i.with(t, "", nil), true); o != (outcome{}) {
		t.Errorf("%+v", o)
	}
}
