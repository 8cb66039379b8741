package journal

import (
	"cmp"
	"fmt"

	"github.com/tidings-io/tidings/internal/router/publication"
)

// decode reads the body of a unit.
func (u *unit) decode(code func(*coder)) error {
	c := coder{b: u.body, reading: true}
	if code(&c); c.failed {
		return fmt.Errorf("record %d: %w", u.numbers[0], errRecord)
	}
	return nil
}

// start reads the start of a process. A new epoch begins where damage was noticed: it belongs to the epochs before.
func (r *replay) start(u *unit) error {
	var s start
	if err := u.decode(s.code); err != nil {
		return err
	}
	if s.fresh {
		if err := r.settle(); err != nil {
			return err
		}
		r.damage = ""
	}
	last := r.journal.last
	if r.collect != nil {
		last = max(last, r.collect.last)
	}
	r.journal.started(u.numbers[0], s, last)
	return nil
}

// publications adds the publications of a unit, or collects it.
func (r *replay) publications(u *unit) error {
	if c := r.collect; c != nil {
		c.publications = append(c.publications, u)
		c.last = u.upTo()
		return nil
	}
	stored, ends, err := u.placements()
	if err != nil {
		return err
	}
	for i, seq := range u.seqs(ends) {
		stored[i].Entry.Seq = seq
		r.journal.restore(&stored[i], u.at, u.awake)
	}
	return nil
}

// placements reads the publications of a unit, and where each of them ends.
func (u *unit) placements() (stored []publication.Placement, ends []int, err error) {
	c := coder{b: u.body, reading: true}
	var before *publication.Placement
	for len(c.b) > 0 {
		p := publication.Placement{Entry: new(publication.Entry)}
		placement(&c, &p, before)
		stored = append(stored, p)
		before = &p
		ends = append(ends, len(u.body)-len(c.b))
	}
	if c.failed {
		return nil, nil, fmt.Errorf("record %d: %w", u.numbers[0], errRecord)
	}
	return stored, ends, nil
}

// compaction collects what belongs to a compaction.
func (r *replay) compaction(u *unit) (err error) {
	c := r.collect
	switch u.kind {
	case beginKind:
		return r.begin(u)
	case pageKind:
		var p page
		err = u.decode(p.code)
		c.pages.items = append(c.pages.items, p.items...)
		c.pages.topics = append(c.pages.topics, p.topics...)
		for _, k := range p.keys {
			k.at = r.awake.of(k.at)
			c.pages.keys = append(c.pages.keys, k)
		}
	case endKind:
		var e end
		if err = u.decode(e.code); err != nil || e.begin != c.begin {
			return err
		}
		err = r.settle()
		r.journal.giveUpTo(e.given)
	case startKind, publicationsKind: // are no part of a compaction
	}
	return err
}

// begin reads the beginning of a compaction. What came before counts no more if the compaction has an end.
func (r *replay) begin(u *unit) error {
	var b begin
	if err := u.decode(b.code); err != nil {
		return err
	}
	r.collect = &collection{begin: u.numbers[0], damage: r.damage}
	r.damage = ""
	j := r.journal
	j.started(u.numbers[0], b.start, b.last)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last, j.holes = max(j.last, b.last), b.holes
	return nil
}

// settle adds what was collected. From now on publications are added when they are read.
func (r *replay) settle() error {
	c := r.collect
	if c == nil {
		return nil
	}
	r.collect = nil
	r.journal.restorePages(&c.pages)
	for _, u := range c.publications {
		if err := r.publications(u); err != nil {
			return err
		}
	}
	r.journal.restoreFloors(&c.pages)
	return nil
}

// finish ends the replay. known is the number of the last record that was acknowledged, if that was found.
func (r *replay) finish(known uint64, found bool) error {
	if err := r.release(nil); err != nil {
		return err
	}
	if c := r.collect; c != nil {
		r.lose(cmp.Or(c.damage, fmt.Sprintf("what was before record %d is missing", c.begin)))
	}
	switch {
	case !found && r.number > 0:
		r.lose("its checkpoint is missing, as after a crash with journal.sync: 1s")
	case found && r.number < known:
		r.lose(fmt.Sprintf("it ends at record %d, but had %d", r.number, known))
	}
	if err := r.settle(); err != nil {
		return err
	}
	if r.damage != "" {
		r.journal.beginAnew(r.damage)
	}
	r.journal.goOn(r.awake.last)
	return nil
}
