package presence

import (
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// MaxListed bounds the people that an event lists; all are counted. A record with more people publishes
// its state at intervals: an event for each change would cost the square of the crowd.
const MaxListed = 100

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

// kind is the kind of a change.
type kind string

const (
	kindState kind = "state" // the people are the same: this is the state
	kindJoin  kind = "join"
	kindLeave kind = "leave"
	kindMode  kind = "mode"
)

// change is the change that led to the state of an event.
type change struct {
	Kind kind   `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Mode Mode   `json:"mode,omitempty"`
}

// record is a record with people. It exists until the last person leaves.
type record struct {
	name      string
	revision  int64
	people    map[string]*person // by identity
	order     []*person          // in the order in which they came
	throttled *time.Timer        // until the next event of a crowded record; nil if there is nothing to publish
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

// attendance lists the people at the record; of more than MaxListed, those that edit come first.
func (r *record) attendance() Attendance {
	a := Attendance{Record: r.name, Count: len(r.order), Revision: r.revision}
	a.People = make([]Person, 0, min(len(r.order), MaxListed))
	listed := func(accept func(*person) bool) {
		for _, p := range r.order {
			if len(a.People) == MaxListed {
				return
			}
			if accept(p) {
				a.People = append(a.People, p.shown())
			}
		}
	}
	if len(r.order) <= MaxListed {
		listed(func(*person) bool { return true })
		return a
	}
	listed(func(p *person) bool { return p.mode() == Edit })
	listed(func(p *person) bool { return p.mode() == View })
	return a
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

// compare returns the kind of the change between two views of a user; false if the views are the same.
func compare(before, after view) (kind, bool) {
	switch {
	case before == after:
		return "", false
	case !before.here:
		return kindJoin, true
	case !after.here:
		return kindLeave, true
	case before.mode != after.mode:
		return kindMode, true
	}
	return kindState, true
}
