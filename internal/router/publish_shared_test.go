package router_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// sayTogether sends publications that arrive in one read, with these options each.
func (m *member) sayTogether(options ...wamp.Dict) {
	for i, o := range options {
		frame := encode(m.t, m.encoding, &wamp.Publish{Request: wamp.ID(i + 1), Options: o, Topic: "kept", Payload: args(m.t, i+1)})
		if err := m.client.ReceiveBatched(m.t.Context(), frame); err != nil {
			m.t.Fatal(err)
		}
	}
	m.client.Flush()
}

// answers returns the answers to publications, and forgets them.
func (m *member) answers() (answers []string, ids []wamp.ID) {
	m.listen()
	for _, message := range m.heard {
		switch a := message.(type) {
		case *wamp.Published:
			answers, ids = append(answers, fmt.Sprint(a.Request)), append(ids, a.Publication)
		case *wamp.Error:
			answers = append(answers, fmt.Sprint(a.Request, " ", a.Error))
		}
	}
	m.heard = nil
	return answers, ids
}

var acknowledge = wamp.Dict{"acknowledge": true}

func TestAcknowledgedPublicationsOfOneReadAreStoredTogether(t *testing.T) {
	var appends []int
	r, _ := keptRealm(&watchedJournal{beforeAppend: func(placements []publication.Placement) error {
		appends = append(appends, len(placements))
		return nil
	}})
	m, subscriber := enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2JSON)
	subscriber.say(&wamp.Subscribe{Request: 1, Topic: "kept"})
	m.sayTogether(acknowledge) // the permission is cached from here on
	m.answers()
	subscriber.events()
	appends = nil
	once := wamp.Dict{"acknowledge": true, "_id": "once"}
	m.sayTogether(acknowledge, once, once, wamp.Dict{}, wamp.Dict{"acknowledge": true, "_version": 5},
		wamp.Dict{"acknowledge": true, "_version": 4}, acknowledge)
	if !slices.Equal(appends, []int{7}) {
		t.Errorf("appends of %v publications, want one of 7", appends)
	}
	answers, ids := m.answers()
	if want := []string{"1", "2", "3", "5", "6 tidings.error.outdated", "7"}; !slices.Equal(answers, want) {
		t.Errorf("got the answers %q, want %q", answers, want)
	}
	if ids[1] != ids[2] {
		t.Errorf("the retry has the id %d, want %d", ids[2], ids[1])
	}
	if got := subscriber.events(); !slices.Equal(got, []int{1, 2, 4, 5, 7}) {
		t.Errorf("got the events %v", got)
	}
}

func TestAnAcknowledgedPublicationWithReceiversIsStoredAloneAndInItsPlace(t *testing.T) {
	var appends []int
	r, _ := keptRealm(&watchedJournal{beforeAppend: func(placements []publication.Placement) error {
		appends = append(appends, len(placements))
		return nil
	}})
	m, subscriber := enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2JSON)
	subscriber.say(&wamp.Subscribe{Request: 1, Topic: "kept"})
	m.sayTogether(acknowledge)
	m.answers()
	subscriber.events()
	appends = nil
	few := wamp.Dict{"acknowledge": true, "exclude": []any{1}}
	m.sayTogether(wamp.Dict{"acknowledge": true, "_id": "a"}, wamp.Dict{"acknowledge": true, "_id": "b"}, few, acknowledge)
	if !slices.Equal(appends, []int{2, 1, 1}) {
		t.Errorf("appends of %v publications, want 2, 1 and 1", appends)
	}
	if answers, _ := m.answers(); !slices.Equal(answers, []string{"1", "2", "3", "4"}) {
		t.Errorf("got the answers %q", answers)
	}
	if got := subscriber.events(); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Errorf("got the events %v", got)
	}
}

func TestEachPublicationThatWasNotStoredIsAnswered(t *testing.T) {
	var failure error
	r, _ := keptRealm(&watchedJournal{beforeAppend: func([]publication.Placement) error { return failure }})
	m := enter(t, r, wamp.V2JSON)
	m.sayTogether(acknowledge)
	m.answers()
	failure = errors.New("the disk is full")
	m.sayTogether(acknowledge, wamp.Dict{}, acknowledge)
	if answers, _ := m.answers(); !slices.Equal(answers, []string{"1 wamp.error.unavailable", "3 wamp.error.unavailable"}) {
		t.Errorf("got the answers %q", answers)
	}
}

func TestAPublisherThatWaitsForAnAnswerIsDisconnectedByAPanic(t *testing.T) {
	broken := false
	r, _ := keptRealm(&watchedJournal{beforeAppend: func([]publication.Placement) error {
		if broken {
			panic("a fault of the test")
		}
		return nil
	}})
	m := enter(t, r, wamp.V2JSON)
	m.sayTogether(acknowledge)
	broken = true
	m.sayTogether(acknowledge, acknowledge)
	if m.listen() {
		t.Error("the conversation goes on, without answers")
	}
}
