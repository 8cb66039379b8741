package presence_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/router"
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

// follower applies the events of a watcher to its own list of people, as the documentation says. It fails on a join of
// a person that is there, a leave of a person that is not, and a revision that falls.
type follower struct {
	conn     *client
	record   string
	people   map[string]presence.Person
	revision int64
	gaps     int  // times that an event was missing
	missed   bool // some events: what the next one says of its change may not follow from the list before
}

func (f *follower) follow() error {
	for _, m := range f.conn.Received() {
		event, ok := m.(*wamp.Event)
		if !ok {
			continue // the answer to refresh, which says nothing
		}
		var e wamp.Dict
		if err := event.Payload.Decode(nil, &e); err != nil {
			return err
		}
		if err := f.apply(e); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) apply(e wamp.Dict) error {
	revision, _ := e.Int("revision")
	since, _ := e.Int("since")
	before := maps.Clone(f.people)
	if _, whole := e["people"]; whole {
		f.people = persons(e, "people")
	} else if since > f.revision {
		f.gaps++
		payload, err := wamp.NewPayload(nil, wamp.Dict{"record": f.record})
		f.conn.Send(&wamp.Call{Request: wamp.ID(1000 + f.gaps), Procedure: presence.ProcedureRefresh, Payload: payload})
		return err
	} else if revision <= f.revision {
		return nil // the list that the watcher has got meanwhile is as new
	}
	if revision < f.revision {
		return fmt.Errorf("revision %d after %d", revision, f.revision)
	}
	previous := f.revision
	f.revision = revision
	left, _ := e.List("left")
	for _, id := range left {
		delete(f.people, id.(string))
	}
	maps.Copy(f.people, persons(e, "joined"))
	maps.Copy(f.people, persons(e, "changed"))
	change, _ := e.Dict("change")
	kind, _ := change.String("kind")
	id, _ := change.String("id")
	_, was := before[id]
	_, is := f.people[id]
	if f.missed && since != previous {
		return nil
	}
	if kind == "join" && (was || !is) || kind == "leave" && (!was || is) || kind == "mode" && (!was || !is) {
		return fmt.Errorf("%s of %q, who was there: %t, is there: %t", kind, id, was, is)
	}
	return nil
}

func persons(e wamp.Dict, key string) map[string]presence.Person {
	all := make(map[string]presence.Person)
	people, _ := e.List(key)
	for _, told := range people {
		p, _ := told.(wamp.Dict)
		tabs, _ := p.Int("tabs")
		all[p["id"].(string)] = presence.Person{
			ID: p["id"].(string), Name: p["name"].(string), Mode: presence.Mode(p["mode"].(string)), Tabs: int(tabs),
		}
	}
	return all
}

// newFollower opens a page that follows a record.
func newFollower(t testing.TB, r *router.Router, record string) *follower {
	t.Helper()
	conn := join(t, r, "watcher", "")
	conn.Subscribe(wamp.URI(presence.TopicPrefix+record), wamp.MatchExact)
	f := &follower{conn: conn, record: record, people: map[string]presence.Person{}}
	if err := f.follow(); err != nil {
		t.Fatal(err)
	}
	return f
}

// agrees checks the follower's list.
func (f *follower) agrees(c *presence.Component) error {
	who, err := c.People(f.record)
	if err != nil {
		return err
	}
	want := make(map[string]presence.Person)
	for _, p := range who.People {
		want[p.ID] = p
	}
	if diff := cmp.Diff(want, f.people); diff != "" {
		return fmt.Errorf("the watcher of %s: %s", f.record, diff)
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
				followers[record] = newFollower(t, r, record)
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
					p.conn.change(record, mode)
					m.enter(p, record, mode)
				},
				"leave": func(rt *rapid.T) {
					p := some(rt)
					record := rapid.SampledFrom(records).Draw(rt, "record")
					p.conn.away(record)
					delete(p.records, record)
				},
				"goodbye": func(rt *rapid.T) {
					p := some(rt)
					p.conn.Client.Goodbye()
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
				"rest": func(rt *rapid.T) {
					pass(presence.DefaultGrace + 2*presence.DefaultInterval)
					m.settle()
					for _, record := range records {
						if err := followers[record].follow(); err != nil {
							rt.Fatalf("%s: %v", record, err)
						}
						if err := followers[record].agrees(c); err != nil {
							rt.Fatal(err)
						}
					}
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
					}
				},
			})
		})
	})
}

// A crowd whose events have differences: watchers come at any time, miss events, and agree in the end.
func TestWatchersOfALargeRecordKeepTheListOfItsPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const record, users = "order.42", 36
		rapid.Check(bubble{t}, func(rt *rapid.T) {
			c, r, end := openUntil(t)
			defer end()
			pages := make([]*client, users)
			there := make([]bool, users)
			for i := range pages {
				pages[i] = join(t, r, fmt.Sprintf("user%02d", i), "")
				if there[i] = i < 26; there[i] {
					pages[i].change(record, "view")
				}
			}
			followers := []*follower{newFollower(t, r, record)}
			rt.Repeat(map[string]func(*rapid.T){
				"change": func(rt *rapid.T) {
					for range rapid.IntRange(1, 4).Draw(rt, "changes") {
						i := rapid.IntRange(0, users-1).Draw(rt, "user")
						if rapid.IntRange(0, 3).Draw(rt, "what") == 0 && there[i] {
							pages[i].away(record)
							there[i] = false
							continue
						}
						pages[i].change(record, rapid.SampledFrom([]string{"view", "edit"}).Draw(rt, "mode"))
						there[i] = true
					}
				},
				"watch": func(rt *rapid.T) {
					if len(followers) < 6 {
						late := newFollower(t, r, record)
						late.missed = true
						followers = append(followers, late)
					}
				},
				"miss": func(rt *rapid.T) {
					f := followers[rapid.IntRange(0, len(followers)-1).Draw(rt, "watcher")]
					f.missed = len(f.conn.Received()) > 0 || f.missed
				},
				"wait": func(rt *rapid.T) { pass(time.Duration(rapid.IntRange(1, 400).Draw(rt, "ms")) * time.Millisecond) },
				"publish": func(rt *rapid.T) {
					pages[0].change(record, rapid.SampledFrom([]string{"view", "edit"}).Draw(rt, "mode"))
					pages[1].change(record, rapid.SampledFrom([]string{"view", "edit"}).Draw(rt, "mode"))
					pass(2 * presence.DefaultInterval)
					for range 2 { // the second time brings the list that a watcher has asked for
						for _, f := range followers {
							if err := f.follow(); err != nil {
								rt.Fatal(err)
							}
						}
					}
				},
			})
			// A watcher that has missed the last event learns of it with the next one.
			pages[2].change(record, "edit")
			pass(2 * presence.DefaultInterval)
			pages[2].change(record, "view")
			pass(2 * presence.DefaultInterval)
			for range 2 {
				for _, f := range followers {
					if err := f.follow(); err != nil {
						rt.Fatal(err)
					}
				}
			}
			for _, f := range followers {
				if err := f.agrees(c); err != nil {
					rt.Fatal(err)
				}
			}
		})
	})
}

func TestNoJoinIsLostOrDoubledWhenManySessionsEnterAndLeaveAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		const record = "order.42"
		f := newFollower(t, r, record)
		var wg sync.WaitGroup
		for i := range 16 {
			user := fmt.Sprint("user", i%5)
			wg.Go(func() {
				for n := range 30 {
					p := join(t, r, user, "")
					p.change(record, []string{"view", "edit"}[n%2])
					if n%3 == 0 {
						p.away(record)
					}
					p.Client.Goodbye()
				}
			})
		}
		wg.Wait()
		pass(2 * presence.DefaultInterval)
		if err := f.follow(); err != nil {
			t.Error(err)
		}
		if len(f.people) != 0 {
			t.Errorf("the watcher still sees %v", f.people)
		}
		forgotten(t, c)
	})
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
