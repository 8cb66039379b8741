package presence_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/wamp"
)

// page is one session as the model knows it.
type page struct {
	conn    *client
	user    string
	tab     string
	records map[string]string // record -> mode
	lostAt  time.Time         // zero: it is here
}

// model is what presence should say, in the plainest way.
type model struct{ pages []*page }

// settle forgets whose grace is over.
func (m *model) settle() {
	m.pages = slices.DeleteFunc(m.pages, func(p *page) bool {
		return !p.lostAt.IsZero() && time.Since(p.lostAt) > presence.DefaultGrace
	})
}

func (m *model) enter(p *page, record, mode string) {
	if _, here := p.records[record]; !here {
		for _, old := range m.pages {
			if _, there := old.records[record]; there && !old.lostAt.IsZero() && p.tab != "" && old.tab == p.tab && old.user == p.user {
				delete(old.records, record)
				break
			}
		}
	}
	p.records[record] = mode
}

func (m *model) people(record string) map[string]presence.Person {
	people := make(map[string]presence.Person)
	for _, p := range m.pages {
		mode, here := p.records[record]
		if !here {
			continue
		}
		person, known := people[p.user]
		if !known {
			person = presence.Person{ID: p.user, Name: "Mx " + p.user, Mode: presence.View}
		}
		person.Tabs++
		if mode == "edit" {
			person.Mode = presence.Edit
		}
		people[p.user] = person
	}
	return people
}

func (m *model) here() []*page {
	return slices.DeleteFunc(slices.Clone(m.pages), func(p *page) bool { return !p.lostAt.IsZero() })
}

// follower applies the events of a watcher to its own list of people. It fails on a join of a person that is there, a
// leave of a person that is not, and a revision that does not grow.
type follower struct {
	conn     *client
	people   map[string]presence.Person
	revision int64
}

func (f *follower) follow() error {
	for _, e := range f.conn.Events() {
		revision, _ := e.Int("revision")
		if revision <= f.revision {
			return fmt.Errorf("revision %d after %d", revision, f.revision)
		}
		f.revision = revision
		change, _ := e.Dict("change")
		kind, _ := change.String("kind")
		id, _ := change.String("id")
		_, was := f.people[id]
		f.people = make(map[string]presence.Person)
		people, _ := e.List("people")
		for _, told := range people {
			p, _ := told.(wamp.Dict)
			tabs, _ := p.Int("tabs")
			f.people[p["id"].(string)] = presence.Person{
				ID: p["id"].(string), Name: p["name"].(string), Mode: presence.Mode(p["mode"].(string)), Tabs: int(tabs),
			}
		}
		_, is := f.people[id]
		if kind == "join" && (was || !is) || kind == "leave" && (!was || is) || kind == "mode" && (!was || !is) {
			return fmt.Errorf("%s of %q, who was there: %t, is there: %t", kind, id, was, is)
		}
	}
	return nil
}

// bubble hides the deadline, which cannot be asked for where time is made up.
type bubble struct{ testing.TB }

func TestPresenceIsWhatTheModelSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := []string{"order.1", "order.2"}
		rapid.Check(bubble{t}, func(rt *rapid.T) {
			c, r, end := openUntil(t)
			defer end()
			followers := make(map[string]*follower)
			for _, record := range records {
				conn, state := watch(t, r, record)
				revision, _ := state.Int("revision")
				followers[record] = &follower{conn: conn, people: map[string]presence.Person{}, revision: revision}
			}
			m := &model{}
			some := func(rt *rapid.T) *page {
				if len(m.here()) == 0 {
					rt.Skip("nobody is here")
				}
				return rapid.SampledFrom(m.here()).Draw(rt, "page")
			}
			rt.Repeat(map[string]func(*rapid.T){
				"join": func(rt *rapid.T) {
					user := rapid.SampledFrom([]string{"ann", "ben"}).Draw(rt, "user")
					tab := rapid.SampledFrom([]string{"", "t1", "t2"}).Draw(rt, "tab")
					m.pages = append(m.pages, &page{conn: join(t, r, user, tab), user: user, tab: tab, records: map[string]string{}})
				},
				"enter": func(rt *rapid.T) {
					p := some(rt)
					record := rapid.SampledFrom(records).Draw(rt, "record")
					mode := rapid.SampledFrom([]string{"view", "edit"}).Draw(rt, "mode")
					p.conn.enter(record, mode)
					m.enter(p, record, mode)
				},
				"leave": func(rt *rapid.T) {
					p := some(rt)
					record := rapid.SampledFrom(records).Draw(rt, "record")
					p.conn.leave(record)
					delete(p.records, record)
				},
				"goodbye": func(rt *rapid.T) {
					p := some(rt)
					p.conn.Goodbye()
					m.pages = slices.DeleteFunc(m.pages, func(other *page) bool { return other == p })
				},
				"lose": func(rt *rapid.T) {
					p := some(rt)
					p.conn.Lose()
					p.lostAt = time.Now()
				},
				"wait": func(rt *rapid.T) {
					pass(time.Duration(rapid.IntRange(1, 4000).Draw(rt, "ms"))*time.Millisecond + time.Microsecond)
					m.settle()
				},
				"": func(rt *rapid.T) {
					for _, record := range records {
						want := m.people(record)
						who, err := c.People(record)
						if err != nil {
							rt.Fatal(err)
						}
						got := make(map[string]presence.Person)
						for _, p := range who.People {
							got[p.ID] = p
						}
						if diff := cmp.Diff(want, got); diff != "" || who.Count != len(want) {
							rt.Fatalf("%s: %s", record, diff)
						}
						if err := followers[record].follow(); err != nil {
							rt.Fatalf("%s: %v", record, err)
						}
						if diff := cmp.Diff(want, followers[record].people); diff != "" {
							rt.Fatalf("the watcher of %s: %s", record, diff)
						}
					}
				},
			})
		})
	})
}

func TestNoJoinIsLostOrDoubledWhenManySessionsEnterAndLeaveAtOnce(t *testing.T) {
	c, r := open(t)
	const record = "order.42"
	conn, state := watch(t, r, record)
	revision, _ := state.Int("revision")
	f := &follower{conn: conn, people: map[string]presence.Person{}, revision: revision}

	var wg sync.WaitGroup
	for i := range 16 {
		user := fmt.Sprint("user", i%5)
		wg.Go(func() {
			for n := range 30 {
				p := join(t, r, user, "")
				p.enter(record, []string{"view", "edit"}[n%2])
				if n%3 == 0 {
					p.leave(record)
				}
				p.Goodbye()
			}
		})
	}
	wg.Wait()
	if err := f.follow(); err != nil {
		t.Error(err)
	}
	if len(f.people) != 0 {
		t.Errorf("the watcher still sees %v", f.people)
	}
	forgotten(t, c)
}

// A session may end while it enters: it must not stay behind.
func TestASessionThatEndsWhileEnteringIsNotLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		payload, err := wamp.NewPayload(nil, wamp.Dict{"record": "order.42"})
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			p := join(t, r, "ann", "")
			var wg sync.WaitGroup
			wg.Go(func() { p.Send(&wamp.Call{Request: 1, Procedure: presence.ProcedureEnter, Payload: payload}) })
			wg.Go(p.Lose)
			wg.Wait()
		}
		pass(presence.DefaultGrace + time.Millisecond)
		forgotten(t, c)
	})
}
