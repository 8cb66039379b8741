package journal

import (
	"bytes"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The layouts of the bodies of units. A field that is added needs another recordVersion, unless it is at the end of a
// body.

// start is the body of the unit that a journal writes when it is opened.
type start struct {
	epoch  string
	fresh  bool   // the epoch is a new one: what is missing before is known to be
	offset uint64 // is added to the number of a record
}

func (s *start) code(c *coder) {
	text(c, &s.epoch)
	c.bool(&s.fresh)
	c.uint(&s.offset)
}

// begin is the body of the unit before the pages of a compaction. It has what the trimmed records say.
type begin struct {
	start
	last  uint64 // the last Seq
	holes []hole
}

func (b *begin) code(c *coder) {
	b.start.code(c)
	c.uint(&b.last)
	list(c, &b.holes, func(h *hole) { c.uint(&h.after); c.uint(&h.before) })
}

// end is the body of the unit behind the pages of a compaction.
type end struct {
	begin uint64 // the number of the record where the compaction begins
	given uint64 // the highest floor of the topics that are in no page
}

func (e *end) code(c *coder) {
	c.uint(&e.begin)
	c.uint(&e.given)
}

// page is the body of one page of a compaction. The pages have the publications in their order.
type page struct {
	items  []livePublication
	topics []topicState
	keys   []usedKey
}

// livePublication is a publication with its Seq in Entry.
type livePublication struct {
	publication.Placement
	kept time.Time
}

// topicState is the state of a topic apart from its publications.
type topicState struct {
	topic   wamp.URI
	floor   uint64
	version int64
}

func (p *page) code(c *coder) {
	var before *publication.Placement
	list(c, &p.items, func(live *livePublication) {
		if c.reading {
			live.Entry = new(publication.Entry)
		}
		c.uint(&live.Entry.Seq)
		c.time(&live.kept)
		placement(c, &live.Placement, before)
		before = &live.Placement
	})
	list(c, &p.topics, func(t *topicState) {
		text(c, &t.topic)
		c.uint(&t.floor)
		number(c, &t.version)
	})
	list(c, &p.keys, func(k *usedKey) {
		text(c, &k.key)
		number(c, &k.publication)
		c.time(&k.at)
	})
}

// placement codes a publication behind another one of the unit, which is nil at the beginning.
func placement(c *coder, p, before *publication.Placement) {
	e := p.Entry
	same := before != nil && before.Entry.Topic == e.Topic && before.Keep == p.Keep && before.Contract == p.Contract
	c.bool(&same)
	switch {
	case !same:
		text(c, &e.Topic)
		keep(c, &p.Keep)
		text(c, &p.Contract)
	case before == nil:
		c.fail()
		return
	default:
		e.Topic, p.Keep, p.Contract = before.Entry.Topic, before.Keep, before.Contract
	}
	text(c, &p.IdempotencyKey)
	number(c, &e.Publication)
	if p.Keep.Last > 0 { // otherwise only the key is kept
		entry(c, e)
	}
}

func keep(c *coder, k *publication.Keep) {
	number(c, &k.Last)
	number(c, (*int64)(&k.For))
	number(c, &k.Bytes)
	c.bool(&k.PerKey)
	c.bool(&k.RetainOnly)
}

func entry(c *coder, e *publication.Entry) {
	c.time(&e.At)
	payload(c, &e.Payload)
	details(c, &e.Details)
	filter(c, &e.Filter)
	number(c, &e.Publisher)
	pageOfSession(c, &e.PublisherPage)
	text(c, &e.Key)
	c.bool(&e.Delete)
	number(c, &e.Version)
}

// payload codes the bytes as they are. What is read has memory of its own, so that it does not hold the record.
func payload(c *coder, p *wamp.Payload) {
	number(c, &p.Serialization)
	args, kwargs := part(c, &p.Args), part(c, &p.Kwargs)
	if c.reading {
		both := bytes.Join([][]byte{args, kwargs}, nil)
		if args != nil {
			p.Args = both[:len(args):len(args)]
		}
		if kwargs != nil {
			p.Kwargs = both[len(args):]
		}
	}
}

// part codes a part of a payload. Nil and empty differ.
func part(c *coder, v *[]byte) []byte {
	there := *v != nil
	if c.bool(&there); !there {
		return nil
	}
	b := *v
	c.bytes(&b)
	return b
}

// details codes what is rare and small, as the payload of a message.
func details(c *coder, d *wamp.Dict) {
	var coded []byte
	if !c.reading && len(*d) > 0 {
		p, err := wamp.NewPayload(nil, *d)
		if err != nil {
			c.fail()
			return
		}
		coded = p.Kwargs
	}
	c.bytes(&coded)
	if !c.reading || len(coded) == 0 {
		return
	}
	p := wamp.Payload{Serialization: wamp.JSON, Kwargs: bytes.Clone(coded)}
	if err := p.Decode(nil, d); err != nil {
		c.fail()
	}
}

func filter(c *coder, f *publication.Filter) {
	c.bool(&f.IncludePublisher)
	some := !f.AdmitsAll() || f.Exclude != nil || f.ExcludePage != nil || f.EligiblePage != nil
	if c.bool(&some); !some {
		return
	}
	id := func(v *wamp.ID) { number(c, v) }
	name := func(v *string) { text(c, v) }
	session := func(v *publication.Page) { pageOfSession(c, v) }
	list(c, &f.Exclude, id)
	list(c, &f.Eligible, id)
	list(c, &f.ExcludeAuthID, name)
	list(c, &f.EligibleAuthID, name)
	list(c, &f.ExcludeAuthRole, name)
	list(c, &f.EligibleAuthRole, name)
	list(c, &f.ExcludePage, session)
	list(c, &f.EligiblePage, session)
}

func pageOfSession(c *coder, p *publication.Page) {
	text(c, &p.AuthID)
	text(c, &p.Tenant)
	text(c, &p.Tab)
	c.bool(&p.Backend)
	c.bool(&p.AnyTenant)
}
