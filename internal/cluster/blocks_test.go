package cluster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/cluster"
)

// JetStream takes 4 bytes of memory for each sequence number that it misses. One flipped bit of a record's sequence
// number, or of its length, must be found before.
func TestTheBlocksOfJetStreamHaveTheKnownLayout(t *testing.T) {
	i := newImage(t, 500, true)
	dir := i.with(t, "", nil)
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "ONCE_spent", "msgs", "*.blk"))
	if err != nil || len(blocks) < 2 {
		t.Fatalf("blocks: %v, %v", blocks, err)
	}
	stream := filepath.Dir(filepath.Dir(blocks[0]))
	if err := cluster.CheckBlocks(stream); err != nil {
		t.Fatalf("an intact stream: %v", err)
	}
	for _, path := range blocks {
		intact, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for position := range 12 {
			for bit := range 8 {
				changed := append([]byte{}, intact...)
				changed[position] ^= 1 << bit
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					t.Fatal(err)
				}
				err := cluster.CheckBlocks(stream)
				harmless := position == 3 && bit == 7 || position == 11 && bit >= 6 || position >= 4 && position <= 6
				if err == nil && !harmless { // marks, or a number that differs little
					t.Errorf("bit %d of byte %d of %s: not found", bit, position, filepath.Base(path))
				}
				if err != nil && !strings.Contains(err.Error(), path) {
					t.Errorf("the error does not name the file: %v", err)
				}
			}
		}
		if err := os.WriteFile(path, intact, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
