package audit_test

import (
	"testing"

	"github.com/tidings-io/tidings/test/faults/audit"
)

// run is a small history: two publishers, three topics, one subscriber of all.
type run struct {
	log    *audit.Log
	made   []*audit.Publication
	events []audit.Event
	view   *audit.View
	stored *audit.View
}

func all(string) bool { return true }

// history makes n acknowledged publications and the events that belong to them.
func history(n int) *run {
	r := &run{log: &audit.Log{}}
	r.view = r.log.View(1, "all", all)
	r.view.Subscribed(audit.Subscribed{Position: audit.Position{Epoch: "e", Seq: 1000}, Live: true})
	prev := uint64(1000)
	for i := range n {
		p := r.log.Publish(i%2, "chat."+string(rune('a'+i%3)))
		p.Send()
		p.Answer(audit.Acknowledged)
		r.made = append(r.made, p)
		seq := prev + 1 + uint64(i%2) // numbers have holes
		r.events = append(r.events, audit.Event{Publication: p.ID, Topic: p.Topic, Position: audit.Position{Epoch: "e", Seq: seq}, Prev: prev, HasPrev: true})
		prev = seq
	}
	r.stored = r.log.Stored("what is stored", all)
	return r
}

// deliver gives events to a view.
func deliver(v *audit.View, events ...audit.Event) {
	for _, e := range events {
		v.Event(e)
	}
}

func TestWhatIsDeliveredAsItShouldBeIsNotFaulted(t *testing.T) {
	r := history(20)
	deliver(r.view, r.events...)
	deliver(r.stored, r.events...)
	got := r.log.Judge()
	if err := got.Err(); err != nil {
		t.Fatal(err)
	}
	if got.Expected != 20 || got.Received != 20 || got.Acknowledged != 20 {
		t.Errorf("%+v", got)
	}
}

func TestFaultsAreFound(t *testing.T) {
	for name, plant := range map[string]struct {
		deliver func(r *run)
		want    audit.Report
	}{
		"loss that the client can notice": {
			func(r *run) { deliver(r.view, r.events[:7]...); deliver(r.view, r.events[8:]...) },
			audit.Report{Lost: 1},
		},
		"loss in silence": {
			func(r *run) {
				r.events[8].Prev = r.events[6].Position.Seq
				deliver(r.view, r.events[:7]...)
				deliver(r.view, r.events[8:]...)
			},
			audit.Report{Lost: 1, Silent: 1},
		},
		"loss at the end": {
			func(r *run) { deliver(r.view, r.events[:19]...) },
			audit.Report{Lost: 1, Silent: 1},
		},
		"double": {
			func(r *run) { deliver(r.view, r.events[:8]...); deliver(r.view, r.events[7:]...) },
			audit.Report{Doubled: 1},
		},
		"double, later": {
			func(r *run) {
				deliver(r.view, r.events[:15]...)
				deliver(r.view, r.events[7])
				deliver(r.view, r.events[15:]...)
			},
			audit.Report{Doubled: 1},
		},
		"swap": {
			func(r *run) {
				r.events[7], r.events[8] = r.events[8], r.events[7]
				deliver(r.view, r.events...)
			},
			audit.Report{Disordered: 1},
		},
		"swap of what has no position": {
			func(r *run) {
				r.events[7], r.events[8] = r.events[8], r.events[7]
				for _, e := range r.events {
					deliver(r.view, audit.Event{Publication: e.Publication, Topic: e.Topic})
				}
			},
			audit.Report{Disordered: 1},
		},
		"stored twice": {
			func(r *run) {
				deliver(r.view, r.events...)
				again := r.log.View(2, "another", all)
				again.Subscribed(audit.Subscribed{Position: audit.Position{Epoch: "e", Seq: 2000}, Live: true})
				again.Event(audit.Event{Publication: 3, Topic: r.events[3].Topic, Position: audit.Position{Epoch: "e", Seq: 3000}, Prev: 2000, HasPrev: true})
			},
			audit.Report{Doubled: 1},
		},
		"foreign": {
			func(r *run) {
				deliver(r.view, r.events...)
				r.view.Event(audit.Event{Publication: 77, Topic: "chat.a"})
			},
			audit.Report{Foreign: 1},
		},
		"false no": {
			func(r *run) { r.made[4].Answer(audit.Refused); deliver(r.view, r.events...) },
			audit.Report{FalseNo: 1},
		},
		"false alarm": {
			func(r *run) { r.events[8].Prev = 5; deliver(r.view, r.events...) },
			audit.Report{Alarms: 1},
		},
		"never live": {
			func(r *run) {
				deliver(r.view, r.events...)
				late := r.log.View(2, "late", all)
				late.Subscribed(audit.Subscribed{Position: audit.Position{Epoch: "e", Seq: 3000}, Resumed: true})
			},
			audit.Report{NeverLive: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := history(20)
			kept := append([]audit.Event(nil), r.events...)
			plant.deliver(r)
			deliver(r.stored, kept...)
			got := r.log.Judge()
			if faults(got) != faults(plant.want) || got.Err() == nil {
				t.Errorf("got %+v\nwant %+v", got, plant.want)
			}
		})
	}
}

// faults returns the numbers that should be zero.
func faults(r audit.Report) [9]int {
	return [9]int{r.Lost, r.Silent, r.Doubled, r.Disordered, r.FalseYes, r.FalseNo, r.Foreign, r.Alarms, r.NeverLive}
}

func TestAnAcknowledgedPublicationThatIsNotStoredIsAFalseYes(t *testing.T) {
	r := history(20)
	deliver(r.view, r.events...)
	deliver(r.stored, r.events[:19]...)
	if got := r.log.Judge(); got.FalseYes != 1 {
		t.Errorf("%+v", got)
	}
}

func TestWithoutAnAnswerAPublicationMayComeOrNot(t *testing.T) {
	r := history(20)
	r.made[5].Answer(audit.Unanswered)
	r.made[6].Answer(audit.Unanswered)
	r.events[6].Prev = r.events[4].Position.Seq
	came := append(r.events[:5:5], r.events[6:]...)
	deliver(r.view, came...)
	deliver(r.stored, came...)
	if got := r.log.Judge(); got.Err() != nil || got.Expected != 18 {
		t.Errorf("%v %+v", got.Err(), got)
	}
}

func TestAToldGapExcusesWhatWasBeforeTheOldestThatIsLeft(t *testing.T) {
	r := history(20)
	deliver(r.view, r.events[:5]...)
	r.view.Lost()
	r.view.Subscribed(audit.Subscribed{Position: r.events[9].Position, Resumed: true, Gap: true, Oldest: r.events[10].Position.Seq})
	r.events[19].Live = true
	deliver(r.view, r.events[10:15]...)
	deliver(r.view, r.events[16:]...) // 15 is missing, which the gap does not excuse
	deliver(r.stored, r.events...)
	if got := r.log.Judge(); got.Gaps != 1 || got.Excused != 5 || got.Lost != 1 || got.NeverLive != 0 {
		t.Errorf("%v %+v", got.Err(), got)
	}
}

func TestAGapInTheMiddleExcusesWhatIsBetween(t *testing.T) {
	r := history(20)
	deliver(r.view, r.events[:5]...)
	r.events[9].Gap = true
	deliver(r.view, r.events[9:]...)
	deliver(r.stored, r.events...)
	if got := r.log.Judge(); got.Err() != nil || got.Gaps != 1 || got.Excused != 4 {
		t.Errorf("%v %+v", got.Err(), got)
	}
}

func TestAfterAGapTheClientMayGetAgainWhatItHad(t *testing.T) {
	r := history(20)
	deliver(r.view, r.events...)
	r.view.Lost()
	r.log.Damage()
	r.view.Subscribed(audit.Subscribed{Position: audit.Position{Epoch: "f", Seq: 1}, Resumed: true, Gap: true, Oldest: 2})
	for i, e := range r.events[10:18] {
		e.Position, e.Prev, e.Live = audit.Position{Epoch: "f", Seq: uint64(i + 2)}, uint64(i+1), i == 7
		r.view.Event(e)
		r.stored.Event(e)
	}
	if got := r.log.Judge(); got.Err() != nil || got.Gaps != 1 {
		t.Errorf("%v %+v", got.Err(), got)
	}
}

func TestAClientThatIsLeftOutExpectsNothingAndMayNotGetIt(t *testing.T) {
	r := history(20)
	r.made[3].For = func(client int) bool { return client != 1 }
	r.events[4].Prev = r.events[2].Position.Seq
	deliver(r.view, append(r.events[:3:3], r.events[4:]...)...)
	deliver(r.stored, r.events...)
	if got := r.log.Judge(); got.Err() != nil || got.Expected != 19 {
		t.Errorf("%v %+v", got.Err(), got)
	}
	r.view.Event(r.events[3])
	if got := r.log.Judge(); got.Foreign != 1 {
		t.Errorf("%+v", got)
	}
}

func TestARefusedPublicationThatIsRetriedMayComeAfterLaterOnes(t *testing.T) {
	r := history(4)
	p, q := r.log.Publish(7, "chat.a"), r.log.Publish(7, "chat.a")
	p.Send()
	q.Send()
	p.Answer(audit.Refused)
	q.Answer(audit.Acknowledged)
	p.Answer(audit.Acknowledged)
	at := r.events[3].Position.Seq
	for i, one := range []*audit.Publication{q, p} {
		r.events = append(r.events, audit.Event{
			Publication: one.ID, Topic: one.Topic, HasPrev: true, Prev: at + uint64(i),
			Position: audit.Position{Epoch: "e", Seq: at + uint64(i) + 1},
		})
	}
	deliver(r.view, r.events...)
	deliver(r.stored, r.events...)
	if got := r.log.Judge(); got.Err() != nil {
		t.Error(got.Err())
	}
}
