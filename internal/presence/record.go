package presence

import (
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// MaxListed bounds the people that an event names. All are counted. Above it, changes are told as
// states at intervals: everybody's change to everybody would be the square of the crowd.
const MaxListed = 100

// Mode is what somebody does at a record.
type Mode string

// The modes.
const (
	View Mode = "view"
	Edit Mode = "edit"
)

// Person is a user at a record, on however many pages.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Mode Mode   `json:"mode"` // edit if one of the pages edits
	Tabs int    `json:"tabs"`
}

// Attendance is who is at a record.
type Attendance struct {
	Record   string   `json:"record"`
	People   []Person `json:"people"` // in the order in which they came; never more than MaxListed
	Count    int      `json:"count"`
	Revision int64    `json:"revision"` // grows with each change
}

// kind is what changed.
type kind string

const (
	kindState kind = "state" // nobody came or went: this is how it is
	kindJoin  kind = "join"
	kindLeave kind = "leave"
	kindMode  kind = "mode"
)

// change is the last change before an event's state.
type change struct {
	Kind kind   `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Mode Mode   `json:"mode,omitempty"`
}

// record is who is at one record. It exists while somebody is.
type record struct {
	name     string
	revision int64
	people   map[string]*person // by identity
	order    []*person          // as they came
	crowded  *time.Timer        // when the changes of a crowd are told next; nil if none is untold
}

// person is a user at one record. It exists while one of its stays does.
type person struct {
	id, name string
	stays    []*stay
}

// stay is one page at one record.
type stay struct {
	session wamp.ID
	tab     string
	mode    Mode
	record  *record
	person  *person
}

func (p *person) mode() Mode {
	for _, s := range p.stays {
		if s.mode == Edit {
			return Edit
		}
	}
	return View
}

func (p *person) shown() Person {
	return Person{ID: p.id, Name: p.name, Mode: p.mode(), Tabs: len(p.stays)}
}

// add puts a page of a user at the record.
func (r *record) add(session *router.Session, mode Mode) *stay {
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
	s := &stay{session: session.ID(), tab: session.Tab(), mode: mode, record: r, person: p}
	p.stays = append(p.stays, s)
	return s
}

// remove takes a page away, and the person with the last of its pages.
func (r *record) remove(s *stay) {
	p := s.person
	p.stays = slices.DeleteFunc(p.stays, func(other *stay) bool { return other == s })
	if len(p.stays) == 0 {
		delete(r.people, p.id)
		r.order = slices.DeleteFunc(r.order, func(other *person) bool { return other == p })
	}
}

// attendance lists who is there; if that is too many, who edits comes first.
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

// look is what others can see of a user at a record.
type look struct {
	here bool
	mode Mode
	tabs int
}

func (r *record) look(id string) look {
	p := r.people[id]
	if p == nil {
		return look{}
	}
	return look{here: true, mode: p.mode(), tabs: len(p.stays)}
}

// compare says what changed between two looks at a user; false if nothing that is shown did.
func compare(before, after look) (kind, bool) {
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
