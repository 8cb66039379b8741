package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
)

const (
	// compactSlack is what a log may have besides twice what is live.
	compactSlack = 16 << 20
	// pageItems and pageBytes bound a page of a compaction. Publications wait while a page is written.
	pageItems = 512
	pageBytes = 256 << 10
)

// askForCompaction makes Run compact the log.
func (w *written) askForCompaction() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// compaction is a compaction that is under way.
type compaction struct {
	journal *Journal
	begin   uint64 // the number of the record where it begins
	before  int64  // bytes of the records before
	last    uint64 // the last Seq before
	next    uint64 // the Seq behind which the next page begins
	topics  []*topicLog
	keys    []*usedKey
}

// tidy shows in the log that publications were refused, and compacts the log if most of it is dead.
func (j *Journal) tidy(ctx context.Context) {
	w := j.written
	if w == nil || w.log.Ready() != nil {
		return
	}
	j.turn.Lock()
	live := int64(j.liveBytes())
	bytes := w.bytes.Load()
	large := (bytes > 2*live+compactSlack || bytes+live > w.most) && bytes > w.least+w.least/4
	doubt := w.doubt
	j.turn.Unlock()
	var err error
	switch {
	case large:
		err = j.compact(ctx)
	case doubt:
		err = j.writeNothing(ctx)
	}
	if err != nil && ctx.Err() == nil {
		j.options.Logger.Warn("the journal could not be tidied up, which is tried again", "error", err)
	}
}

// writeNothing writes a unit without a body, which shows what was refused before it.
func (j *Journal) writeNothing(ctx context.Context) error {
	j.turn.Lock()
	defer j.turn.Unlock()
	u, err := j.written.unit(publicationsKind).coded(func(*coder) {})
	if err == nil {
		err = j.write(ctx, u)
	}
	return err
}

// compact appends what is live again, and trims what is before. Publications go on meanwhile. If it ends early, nothing
// is lost: the pages of a compaction without an end count for nothing.
func (j *Journal) compact(ctx context.Context) error {
	c := &compaction{journal: j}
	for _, step := range []func(context.Context) (more bool, err error){c.start, c.writeItems, c.writeTopics, c.writeKeys, c.finish} {
		for more := true; more; {
			var err error
			if more, err = c.turn(ctx, step); err != nil {
				return fmt.Errorf("compact the journal: %w", err)
			}
		}
	}
	if err := j.written.log.Trim(ctx, c.begin); err != nil {
		return fmt.Errorf("compact the journal: %w", err)
	}
	j.written.compactions.Add(1)
	bytes := j.written.bytes.Add(-c.before)
	j.turn.Lock()
	j.written.least = bytes
	j.turn.Unlock()
	j.options.Logger.Debug("the journal was compacted", "bytes", bytes, "before", bytes+c.before)
	return nil
}

// turn does one step while no publication is appended.
func (c *compaction) turn(ctx context.Context, step func(context.Context) (bool, error)) (more bool, err error) {
	c.journal.turn.Lock()
	defer c.journal.turn.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return step(ctx)
}

// write writes a unit. Caller must hold turn.
func (c *compaction) write(ctx context.Context, k kind, code func(*coder)) (*unit, error) {
	u, err := c.journal.written.unit(k).coded(code)
	if err == nil {
		err = c.journal.write(ctx, u)
	}
	return u, err
}

func (c *compaction) start(ctx context.Context) (more bool, err error) {
	j := c.journal
	if !j.written.started {
		if err := j.writeStart(ctx); err != nil {
			return false, err
		}
	}
	c.before = j.written.bytes.Load()
	c.look()
	b := begin{start: start{epoch: j.epoch, offset: j.written.offset}, last: j.last, holes: j.holes}
	u, err := c.write(ctx, beginKind, b.code)
	if err != nil {
		return false, err
	}
	c.begin = u.numbers[0]
	return false, nil
}

// look notes what is there.
func (c *compaction) look() {
	j := c.journal
	j.mu.RLock()
	defer j.mu.RUnlock()
	c.last = j.last
	c.keys = slices.Collect(j.keys.all())
	c.topics = slices.Collect(maps.Values(j.logs))
}

func (c *compaction) writeItems(ctx context.Context) (more bool, err error) {
	p := c.pageOfItems()
	if len(p.items) == 0 {
		return false, nil
	}
	_, err = c.write(ctx, pageKind, p.code)
	return true, err
}

func (c *compaction) pageOfItems() (p page) {
	j := c.journal
	j.mu.RLock()
	defer j.mu.RUnlock()
	now, bytes := time.Now(), 0
	for _, s := range after(j.tail, c.next) {
		if s.seq > c.last || len(p.items) == pageItems || bytes > pageBytes {
			break
		}
		c.next = s.seq
		if s.item == nil {
			continue
		}
		log := j.logs[s.Topic]
		p.items = append(p.items, livePublication{
			Placement: publication.Placement{Entry: s.Entry, Keep: log.keep, Contract: log.share.contract},
			kept:      now.Round(0).Add(-now.Sub(s.kept)),
		})
		bytes += s.Bytes() + len(s.Topic)
	}
	return p
}

func (c *compaction) writeTopics(ctx context.Context) (more bool, err error) {
	p := c.pageOfTopics()
	if len(p.topics) > 0 {
		_, err = c.write(ctx, pageKind, p.code)
	}
	return len(c.topics) > 0, err
}

func (c *compaction) pageOfTopics() (p page) {
	c.journal.mu.RLock()
	defer c.journal.mu.RUnlock()
	batch := c.topics[:min(pageItems, len(c.topics))]
	c.topics = c.topics[len(batch):]
	for _, log := range batch {
		if log.floor > 0 || log.version != 0 {
			p.topics = append(p.topics, topicState{log.topic, log.floor, log.version})
		}
	}
	return p
}

func (c *compaction) writeKeys(ctx context.Context) (more bool, err error) {
	batch := c.keys[:min(pageItems, len(c.keys))]
	c.keys = c.keys[len(batch):]
	var p page
	now := time.Now()
	for _, k := range batch {
		p.keys = append(p.keys, usedKey{k.key, k.publication, now.Round(0).Add(-now.Sub(k.at))})
	}
	if len(p.keys) > 0 {
		_, err = c.write(ctx, pageKind, p.code)
	}
	return len(c.keys) > 0, err
}

func (c *compaction) finish(ctx context.Context) (more bool, err error) {
	e := end{begin: c.begin}
	c.journal.mu.RLock()
	e.given = c.journal.given
	c.journal.mu.RUnlock()
	_, err = c.write(ctx, endKind, e.code)
	return false, err
}
