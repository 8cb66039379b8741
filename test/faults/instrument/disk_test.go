package instrument_test

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/test/faults/instrument"
)

// trace is written by hand, as the instrumented os writes it.
type trace []byte

func (t *trace) record(op byte, a, b, c uint64, text, data string) {
	record := []byte{op}
	for _, n := range []uint64{a, b, c} {
		record = binary.LittleEndian.AppendUint64(record, n)
	}
	record = append(binary.LittleEndian.AppendUint32(record, uint32(len(text))), text+data...)
	*t = append(binary.LittleEndian.AppendUint32(*t, uint32(len(record))), record...)
}

func (t *trace) open(fd uint64, flags int, path string) {
	t.record('O', fd, uint64(flags), 0o600, path, "")
}
func (t *trace) write(fd, offset uint64, data string) { t.record('W', fd, offset, 0, "", data) }
func (t *trace) sync(fd, id uint64) {
	t.record('s', fd, id, 0, "", "")
	t.record('S', 0, id, 0, "", "")
}

// write returns the files that a loss of power leaves.
func write(t *testing.T, disk *instrument.Disk, chance *rand.Rand) map[string]string {
	t.Helper()
	folder := t.TempDir()
	if err := disk.Crash(folder, chance); err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rest, _ := filepath.Rel(folder, path)
		files[rest] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestALossOfPowerLeavesWhatWasSynced(t *testing.T) {
	const create = os.O_CREATE | os.O_RDWR
	for name, test := range map[string]struct {
		play func(t *trace, dir string)
		want map[string]string
	}{
		"a write without sync": {
			func(t *trace, dir string) { t.open(3, create, dir+"/a"); t.write(3, 0, "lost") },
			map[string]string{},
		},
		"a tail without sync": {
			func(t *trace, dir string) {
				t.open(3, create, dir+"/a")
				t.write(3, 0, "kept")
				t.sync(3, 1)
				t.write(3, 4, "lost")
			},
			map[string]string{"a": "kept"},
		},
		"a write during a sync": {
			func(t *trace, dir string) {
				t.open(3, create, dir+"/a")
				t.write(3, 0, "kept")
				t.record('s', 3, 7, 0, "", "")
				t.write(3, 4, "lost")
				t.record('S', 0, 7, 0, "", "")
			},
			map[string]string{"a": "kept"},
		},
		"a sync that was not completed": {
			func(t *trace, dir string) {
				t.open(3, create, dir+"/a")
				t.write(3, 0, "lost")
				t.record('s', 3, 7, 0, "", "")
			},
			map[string]string{},
		},
		"each write is synced": {
			func(t *trace, dir string) { t.open(3, create|os.O_SYNC, dir+"/a"); t.write(3, 0, "kept") },
			map[string]string{"a": "kept"},
		},
		"another file is synced: the name survives, the bytes do not": {
			func(t *trace, dir string) {
				t.open(3, create, dir+"/a")
				t.write(3, 0, "lost")
				t.open(4, create, dir+"/b")
				t.write(4, 0, "kept")
				t.sync(4, 1)
			},
			map[string]string{"a": "", "b": "kept"},
		},
		"a file takes the place of another one, without a sync of the folder": {
			func(t *trace, dir string) {
				t.open(3, create|os.O_SYNC, dir+"/a")
				t.write(3, 0, "old")
				t.open(4, create|os.O_SYNC, dir+"/a.tmp")
				t.write(4, 0, "new")
				t.record('R', 0, 0, 0, dir+"/a.tmp", dir+"/a")
			},
			map[string]string{"a": "old", "a.tmp": "new"},
		},
		"a file takes the place of another one, and the folder is synced": {
			func(t *trace, dir string) {
				t.open(3, create|os.O_SYNC, dir+"/a")
				t.write(3, 0, "old")
				t.open(4, create|os.O_SYNC, dir+"/a.tmp")
				t.write(4, 0, "new")
				t.record('R', 0, 0, 0, dir+"/a.tmp", dir+"/a")
				t.open(5, os.O_RDONLY, dir)
				t.sync(5, 1)
			},
			map[string]string{"a": "new"},
		},
		"a file is removed, and empties": {
			func(t *trace, dir string) {
				t.record('M', 0, 0, 0o700, dir+"/sub", "")
				t.open(3, create|os.O_SYNC, dir+"/sub/a")
				t.write(3, 0, "gone")
				t.open(4, create|os.O_SYNC, dir+"/sub/b")
				t.write(4, 0, "still here")
				t.open(5, create|os.O_TRUNC, dir+"/sub/b")
				t.record('D', 0, 0, 0, dir+"/sub/a", "")
				t.open(6, create|os.O_SYNC, dir+"/c")
				t.write(6, 2, "hole")
			},
			map[string]string{"sub/b": "still here", "c": "\x00\x00hole"},
		},
		"a folder is renamed": {
			func(t *trace, dir string) {
				t.record('M', 0, 0, 0o700, dir+"/sub", "")
				t.open(3, create|os.O_SYNC, dir+"/sub/a")
				t.write(3, 0, "kept")
				t.record('R', 0, 0, 0, dir+"/sub", dir+"/other")
				t.write(3, 4, " too")
			},
			map[string]string{"other/a": "kept too"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			disk, err := instrument.Load(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			var made trace
			test.play(&made, disk.Folder())
			if err := disk.Play(append(made, "cut off"...)); err != nil {
				t.Fatal(err)
			}
			if got := write(t, disk, nil); !maps.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// By chance, what was not synced survives in part, and what was synced survives in any case.
func TestChanceNeverTakesWhatWasSynced(t *testing.T) {
	disk, err := instrument.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var made trace
	made.open(3, os.O_CREATE|os.O_RDWR, disk.Folder()+"/a")
	made.write(3, 0, "kept")
	made.sync(3, 1)
	maybe := strings.Repeat("maybe", 200)
	made.write(3, 4, maybe)
	made.open(4, os.O_CREATE|os.O_RDWR, disk.Folder()+"/b")
	if err := disk.Play(made); err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	empty := false
	for seed := range uint64(200) {
		files := write(t, disk, rand.New(rand.NewPCG(seed, 0)))
		text := files["a"]
		if !strings.HasPrefix("kept"+maybe, text) || len(text) < 4 {
			t.Fatalf("a is %q", text)
		}
		_, has := files["b"]
		seen[len(text)], empty = true, empty || has
	}
	if want := map[int]bool{4: true, 512: true, 1004: true}; !maps.Equal(seen, want) || !empty {
		t.Errorf("a had the lengths %v, want %v; b was there: %v", seen, want, empty)
	}
}
