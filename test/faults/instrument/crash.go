package instrument

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Crash writes the folder that a loss of power leaves. Without chance, nothing survives that was not synced. With it,
// some of that does. The folder must be empty or absent.
func (d *Disk) Crash(folder string, chance *rand.Rand) error {
	names := maps.Clone(d.durable)
	if chance != nil {
		for _, n := range d.pending[:chance.IntN(len(d.pending)+1)] {
			n.apply(names)
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(names)) { // folders before what is in them
		rest, err := filepath.Rel(d.folder, path)
		if err != nil {
			return err
		}
		at := filepath.Join(folder, rest)
		if names[path].isFolder {
			err = os.MkdirAll(at, 0o700)
		} else {
			err = os.WriteFile(at, names[path].survives(chance), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// survives returns the bytes of a file after a loss of power.
func (f *inode) survives(chance *rand.Rand) []byte {
	if chance == nil {
		return f.content
	}
	content := slices.Clone(f.content)
	for i, c := range f.unsynced {
		if chance.IntN(2) == 0 {
			continue
		}
		if i == len(f.unsynced)-1 && !c.truncate {
			c.data = c.data[:c.torn(chance)]
		}
		content = c.apply(content)
	}
	return content
}

// sector is the size of the pieces that a disk writes whole or not at all.
const sector = 512

// torn returns the number of bytes of a write that survive: up to the end of one of its sectors.
func (c change) torn(chance *rand.Rand) int {
	first, last := c.offset/sector, (c.offset+len(c.data)+sector-1)/sector
	end := (first + 1 + chance.IntN(max(last-first, 1))) * sector
	return min(end-c.offset, len(c.data))
}
