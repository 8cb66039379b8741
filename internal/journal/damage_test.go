package journal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A power failure may take what was written and not synced: the end of a block, the checkpoint, the index.
func TestAPowerFailureLosesOnlyWhatWasNotSyncedAndMixesNothingUp(t *testing.T) {
	const block = "jetstream/$G/streams/LOG_journal/msgs/1.blk"
	d := mustOpenDisk(t, quickDir(t))
	keep(t, d.Journal, "a", 1)
	keep(t, d.Journal, "a", 2)
	synced, kept := imageOf(t, d.dir), d.Position()
	keep(t, d.Journal, "a", 3)
	keep(t, d.Journal, "a", 4)
	written, lost := imageOf(t, d.dir), d.Position()
	for _, checkpoint := range [][]byte{synced["journal.checkpoint"], written["journal.checkpoint"]} {
		synced["journal.checkpoint"] = checkpoint
		for length := len(synced[block]); length < len(written[block]); length += 7 {
			again := mustOpenDisk(t, synced.with(t, block, written[block][:length:length]))
			got := everything(again.Journal, publication.Position{}).Entries
			if len(got) < 2 || len(got) > 3 || got[0].Publication != 1 || got[1].Publication != 2 {
				t.Fatalf("cut to %d of %d to %d: %d publications; %s", length, len(synced[block]), len(written[block]), len(got), again.said)
			}
			keep(t, again.Journal, "a", 5)
			if page := everything(again.Journal, lost); !page.Gap {
				t.Errorf("cut to %d: a position that is lost is known", length)
			}
			page := everything(again.Journal, kept)
			if same := again.Position().Epoch == kept.Epoch; same && page.Gap || !same && !strings.Contains(again.said.String(), "lost") {
				t.Errorf("cut to %d: gap: %t; %s", length, page.Gap, again.said)
			}
			if now := again.Position(); now.Seq <= lost.Seq {
				t.Errorf("cut to %d: %d was given already", length, now.Seq)
			}
			again.close(t)
		}
	}
}

// places returns the places in a file that are damaged.
func places(length int) (list []int) {
	for p := 0; p < length; p += max(1, length/8) {
		list = append(list, p)
	}
	return list
}

// Whatever happens to one file: either it has no effect, or it is said, and the old positions are answered with a gap.
// What is there is as it was published.
func TestDamageOfOneFileHasNoEffectOrIsSaid(t *testing.T) {
	for name, clean := range map[string]bool{"clean": true, "killed": false} {
		d := mustOpenDisk(t, quickDir(t))
		variety(t, d.Journal, 30)
		if err := d.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		variety(t, d.Journal, 5)
		if clean {
			d.close(t)
		}
		i := imageOf(t, d.dir)
		for file, content := range i {
			if !strings.Contains(file, "journal") {
				continue
			}
			t.Run(name+" "+strings.ReplaceAll(file, "/", " "), func(t *testing.T) {
				damages := map[string][]byte{"none": content, "deleted": nil, "emptied": {}}
				for _, p := range places(len(content)) {
					damages[fmt.Sprint("cut to ", p)] = content[:p:p]
					flipped := bytes.Clone(content)
					flipped[p] ^= 1 << (p % 8)
					damages[fmt.Sprint("bit of byte ", p)] = flipped
				}
				for damage, changed := range damages {
					t.Run(damage, func(t *testing.T) { d.damaged(t, i.with(t, file, changed), damage == "none") })
				}
			})
		}
	}
}

// damaged opens a folder that may be damaged, and compares it with what was there before.
func (d *disk) damaged(t *testing.T, dir string, intact bool) {
	t.Helper()
	again, err := openDisk(t, cluster.Options{Dir: dir}, false)
	if err != nil {
		if intact || !strings.Contains(err.Error(), "tidings serve --repair") {
			t.Fatalf("the start failed with: %v", err)
		}
		if again, err = openDisk(t, cluster.Options{Dir: dir, Repair: true}, false); err != nil {
			t.Fatalf("the repair failed with: %v", err)
		}
	}
	if intact && again.said.Len() > 0 {
		t.Errorf("an intact folder is taken for a damaged one: %s", again.said)
	}
	if again.Position().Epoch == d.Position().Epoch {
		same(t, again.Journal, d.Journal)
	} else if !strings.Contains(again.said.String(), "lost") {
		t.Errorf("nothing says what is lost: %s", again.said)
	}
	known := make(map[wamp.ID]*publication.Entry)
	for _, e := range everything(d.Journal, publication.Position{}).Entries {
		known[e.Publication] = e
	}
	for _, e := range everything(again.Journal, publication.Position{}).Entries {
		if k := known[e.Publication]; k != nil && (k.Topic != e.Topic || k.Key != e.Key || k.Version != e.Version) {
			t.Errorf("a publication has changed: %+v", e)
		}
	}
	variety(t, again.Journal, 3)
	again.close(t)
	third := mustOpenDisk(t, dir)
	if strings.Contains(third.said.String(), "lost") {
		t.Errorf("it is said again: %s", third.said)
	}
	same(t, third.Journal, again.Journal)
}
