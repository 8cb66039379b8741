package presence

import (
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// MaxListed bounds the people that an event lists; all are counted.
	MaxListed = 100
	// MaxWhole bounds the records whose events always list all people. Events of larger records have the differences.
	MaxWhole = 20
)

// Mode says what a person does at a record.
type Mode string

// The modes.
const (
	View Mode = "view"
	Edit Mode = "edit"
)

// Person is a user at a record, with one page or several.
type Person struct {
	ID   string `json:"id" example:"42"`
	Name string `json:"name" example:"Ann Miller"`
	Mode Mode   `json:"mode" enum:"view,edit" doc:"edit if one of the tabs edits."`
	Tabs int    `json:"tabs" example:"2"`
}

// Attendance is the people at a record.
type Attendance struct {
	Record   string   `json:"record" example:"order.42"`
	People   []Person `json:"people"` // in the order in which they came; never more than MaxListed
	Count    int      `json:"count" doc:"How many people are there." example:"1"`
	Revision int64    `json:"revision" doc:"Grows with each change, so that a late answer can be told."`
}

// event is the keyword arguments of an event of a record: all people, or the differences to the event before.
type event struct {
	Record   string   `json:"record"`
	People   []Person `json:"people,omitzero"` // nil: the lists that follow have the differences
	Since    int64    `json:"since,omitempty"` // revision of the event before
	Joined   []Person `json:"joined,omitempty"`
	Changed  []Person `json:"changed,omitempty"`
	Left     []string `json:"left,omitempty"` // ids
	Count    int      `json:"count"`
	Revision int64    `json:"revision"`
	Change   change   `json:"change"`
}

// kind is the kind of a change.
type kind string

const (
	kindState kind = "state" // the people are the same: this is the state
	kindJoin  kind = "join"
	kindLeave kind = "leave"
	kindMode  kind = "mode"
)

// change is the change that led to the state of an event, if that is one change.
type change struct {
	Kind kind   `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Mode Mode   `json:"mode,omitempty"`
}

// record is a record with people, or one whose last event is recent.
type record struct {
	name      string
	revision  int64       // of the latest change
	published int64       // revision of the last event
	next      time.Time   // no event is published before
	timer     *time.Timer // publishes what waits, or removes a record without people; nil: nothing is due

	people  map[string]*person // by identity
	order   []*person          // in the order in which they came
	waiting []*waiting         // changes since the last event, one for each person
	waits   map[string]*waiting
}

// waiting is a person whose changes are not published yet.
type waiting struct {
	id, name string
	before   view // at the last event
}

// person is a user at one record. It exists while one of its entries does.
type person struct {
	id, name string
	entries  []*entry
}

// entry is one page at one record.
type entry struct {
	session wamp.ID
	tab     string
	mode    Mode
	record  *record
	person  *person
}

func (p *person) mode() Mode {
	for _, s := range p.entries {
		if s.mode == Edit {
			return Edit
		}
	}
	return View
}

func (p *person) shown() Person {
	return Person{ID: p.id, Name: p.name, Mode: p.mode(), Tabs: len(p.entries)}
}

// add puts a page at the record.
func (r *record) add(session *router.Session, mode Mode) *entry {
	identity := session.Identity()
	p := r.people[identity.ID]
	if p == nil {
		p = &person{id: identity.ID}
		r.people[p.id] = p
		r.order = append(r.order, p)
	}
	if p.name = identity.Name; p.name == "" {
		p.name = p.id
	}
	s := &entry{session: session.ID(), tab: session.Tab(), mode: mode, record: r, person: p}
	p.entries = append(p.entries, s)
	return s
}

// remove takes a page away from the record, and the person with the last of its pages.
func (r *record) remove(s *entry) {
	p := s.person
	p.entries = slices.DeleteFunc(p.entries, func(other *entry) bool { return other == s })
	if len(p.entries) == 0 {
		delete(r.people, p.id)
		r.order = slices.DeleteFunc(r.order, func(other *person) bool { return other == p })
	}
}

// note records a change of a person, whose view was before. An event has the newest view of each person.
func (r *record) note(p *person, before view) {
	if w := r.waits[p.id]; w != nil {
		w.name = p.name
		return
	}
	w := &waiting{id: p.id, name: p.name, before: before}
	if r.waits == nil {
		r.waits = make(map[string]*waiting)
	}
	r.waits[p.id] = w
	r.waiting = append(r.waiting, w)
}

// takeEvent returns the event of the changes that wait: the differences if those are shorter than the list of people,
// unless the record is small.
func (r *record) takeEvent() event {
	e := event{Record: r.name, Count: len(r.order), Revision: r.revision, Change: r.change()}
	if len(r.order) <= MaxWhole || len(r.waiting) >= min(len(r.order), MaxListed) {
		e.People = r.listed()
	} else {
		e.Since = r.published
		r.difference(&e)
	}
	r.published, r.waiting, r.waits = r.revision, nil, nil
	return e
}

// difference adds the people whose changes wait. All are added, also those that are as before: a subscriber may have
// got a list meanwhile.
func (r *record) difference(e *event) {
	for _, w := range r.waiting {
		p := r.people[w.id]
		switch {
		case p == nil:
			e.Left = append(e.Left, w.id)
		case w.before.here:
			e.Changed = append(e.Changed, p.shown())
		default:
			e.Joined = append(e.Joined, p.shown())
		}
	}
}

// change returns the one change that waits.
func (r *record) change() change {
	if len(r.waiting) != 1 {
		return change{Kind: kindState}
	}
	w := r.waiting[0]
	after := r.view(w.id)
	what := compare(w.before, after)
	if what == kindState {
		return change{Kind: kindState}
	}
	return change{Kind: what, ID: w.id, Name: w.name, Mode: after.mode}
}

// state returns the event that lists the people.
func (r *record) state() event {
	return event{Record: r.name, People: r.listed(), Count: len(r.order), Revision: r.revision, Change: change{Kind: kindState}}
}

// attendance returns the people at the record.
func (r *record) attendance() Attendance {
	return Attendance{Record: r.name, People: r.listed(), Count: len(r.order), Revision: r.revision}
}

// listed lists the people at the record; of more than MaxListed, those that edit come first.
func (r *record) listed() []Person {
	people := make([]Person, 0, min(len(r.order), MaxListed))
	add := func(accept func(*person) bool) {
		for _, p := range r.order {
			if len(people) == MaxListed {
				return
			}
			if accept(p) {
				people = append(people, p.shown())
			}
		}
	}
	if len(r.order) <= MaxListed {
		add(func(*person) bool { return true })
		return people
	}
	add(func(p *person) bool { return p.mode() == Edit })
	add(func(p *person) bool { return p.mode() == View })
	return people
}

// view is the visible state of a user at a record.
type view struct {
	here bool
	mode Mode
	tabs int
}

func (r *record) view(id string) view {
	p := r.people[id]
	if p == nil {
		return view{}
	}
	return view{here: true, mode: p.mode(), tabs: len(p.entries)}
}

// compare returns the kind of the change between two views of a user.
func compare(before, after view) kind {
	switch {
	case !before.here && after.here:
		return kindJoin
	case before.here && !after.here:
		return kindLeave
	case before.mode != after.mode:
		return kindMode
	}
	return kindState
}
