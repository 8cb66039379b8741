package presence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// maxRecordBytes is, with the prefix, well below the limit of a URI.
const maxRecordBytes = 256

// request is the arguments of a call, as keyword arguments or as one object.
type request struct {
	Record string `json:"record"`
	Mode   Mode   `json:"mode"`
}

// enter answers tidings.presence.enter.
func (c *Component) enter(_ context.Context, call router.LocalInvocation) (wamp.Payload, error) {
	asked, err := c.parse(call)
	if err != nil {
		return wamp.Payload{}, err
	}
	if err := c.mayEnter(call.Caller, asked.Record); err != nil {
		return wamp.Payload{}, err
	}
	attendance, err := c.admit(call.Caller, asked)
	c.flush()
	if err != nil {
		return wamp.Payload{}, err
	}
	return payload(attendance)
}

// leave answers tidings.presence.leave. Leaving a record where the page is not is no error.
func (c *Component) leave(_ context.Context, call router.LocalInvocation) (wamp.Payload, error) {
	asked, err := c.parse(call)
	if err != nil {
		return wamp.Payload{}, err
	}
	c.mu.Lock()
	if s := c.entryLocked(call.Caller.ID(), asked.Record); s != nil {
		c.dropLocked(s)
		c.changeLocked(s.record, s.person, func() { s.record.remove(s) })
	}
	c.mu.Unlock()
	c.flush()
	return wamp.Payload{}, nil
}

// refresh answers tidings.presence.refresh. The list is an event, so it is in order with the differences. Only a
// subscriber gets it, so no further rule is needed.
func (c *Component) refresh(_ context.Context, call router.LocalInvocation) (wamp.Payload, error) {
	asked, err := c.parse(call)
	if err != nil {
		return wamp.Payload{}, err
	}
	c.mu.Lock()
	c.sendStateLocked(call.Caller, asked.Record)
	c.mu.Unlock()
	c.flush()
	return wamp.Payload{}, nil
}

// mayEnter returns a *[wamp.Failure] if the rules do not allow a session to enter a record.
func (c *Component) mayEnter(session *router.Session, name string) error {
	if c.policy == nil {
		return wamp.Fail(wamp.ErrNotAuthorized, "no rule of this server lets anybody enter a record")
	}
	if c.policy.RuleAllows(session, peer.Call, wamp.URI(enterRule+name)) {
		return nil
	}
	return wamp.Fail(wamp.ErrNotAuthorized, "%q may not enter the record %q: no enter rule under presence in the configuration allows it; the log of the server has more", session.Identity().ID, name)
}

// admit puts a session at a record, or changes its mode there.
func (c *Component) admit(session *router.Session, asked request) (Attendance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A session has its reason before Left is called, and Left waits for mu. So Left takes away a
	// session that passes this check.
	if c.closed || session.Reason() != outbox.CloseNone {
		return Attendance{}, wamp.Fail(wamp.ErrCanceled, "the session has ended")
	}
	if s := c.entryLocked(session.ID(), asked.Record); s != nil {
		c.changeLocked(s.record, s.person, func() { s.mode = asked.Mode })
		return s.record.attendance(), nil
	}
	if len(c.entries[session.ID()]) >= MaxRecords {
		return Attendance{}, wamp.Fail(wamp.ErrLimitExceeded, "a session is at %d records at most: leave one first", MaxRecords)
	}
	r := c.records[asked.Record]
	if r == nil {
		r = &record{name: asked.Record, people: make(map[string]*person)}
		c.records[r.name] = r
	}
	c.enterLocked(r, session, asked.Mode)
	return r.attendance(), nil
}

// enterLocked adds a session. A page that has come back within its grace takes over its former entry, and
// others see no change. Caller must hold mu.
func (c *Component) enterLocked(r *record, session *router.Session, mode Mode) {
	before := r.view(session.Identity().ID)
	s := c.lostEntryLocked(r, session)
	if s != nil {
		c.dropLocked(s)
		s.session, s.mode = session.ID(), mode
	} else {
		s = r.add(session, mode)
	}
	c.entries[s.session] = append(c.entries[s.session], s)
	c.noteLocked(r, s.person, before)
}

// lostEntryLocked returns the entry of the same page and user if that is in its grace, or nil. Caller must
// hold mu.
func (c *Component) lostEntryLocked(r *record, session *router.Session) *entry {
	p := r.people[session.Identity().ID]
	if p == nil || session.Tab() == "" {
		return nil
	}
	for _, s := range p.entries {
		if _, lost := c.lost[s.session]; lost && s.tab == session.Tab() {
			return s
		}
	}
	return nil
}

func (c *Component) entryLocked(session wamp.ID, name string) *entry {
	for _, s := range c.entries[session] {
		if s.record.name == name {
			return s
		}
	}
	return nil
}

// dropLocked removes an entry from its session, and ends the grace of a session without entries. Caller
// must hold mu.
func (c *Component) dropLocked(s *entry) {
	left := slices.DeleteFunc(c.entries[s.session], func(other *entry) bool { return other == s })
	if len(left) > 0 {
		c.entries[s.session] = left
		return
	}
	delete(c.entries, s.session)
	c.stopLocked(c.lost[s.session])
	delete(c.lost, s.session)
}

// parse reads the arguments of a call, unless the session calls too often.
func (c *Component) parse(call router.LocalInvocation) (request, error) {
	asked := request{Mode: View}
	if call.Caller == nil {
		return asked, wamp.Fail(wamp.ErrInvalidArgument, "only a page can be at a record: call this in a session")
	}
	if !c.calls.Take(call.Caller, 1) {
		c.refused.Add(1)
		return asked, wamp.Fail(wamp.ErrLimitExceeded, "a session makes at most %d calls a second to tidings.presence: try again later", c.rate.Load())
	}
	value, err := call.Payload.Value()
	if err != nil {
		return asked, wamp.Fail(wamp.ErrInvalidArgument, "the arguments cannot be read: %s", err)
	}
	if err := json.Unmarshal(value, &asked); err != nil {
		return asked, wamp.Fail(wamp.ErrInvalidArgument, `give keyword arguments such as {"record": "order.42", "mode": "edit"}`)
	}
	if asked.Mode != View && asked.Mode != Edit {
		return asked, wamp.Fail(wamp.ErrInvalidArgument, "mode must be %q or %q", View, Edit)
	}
	return asked, checkRecord(asked.Record)
}

// checkRecord checks a record by the loose rule for URIs, because the record becomes the end of a URI.
func checkRecord(name string) error {
	if err := text.Check("record", name, maxRecordBytes); err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "%s", err)
	}
	if err := wamp.URI(name).Check(wamp.LooseURIs, wamp.MatchExact); err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "the record %q is not like order.42: components of anything but white space and #, with dots between", name)
	}
	return nil
}

func payload(kwargs any) (wamp.Payload, error) {
	encoded, err := json.Marshal(kwargs)
	if err != nil {
		return wamp.Payload{}, fmt.Errorf("encode who is there: %w", err)
	}
	return wamp.Payload{Serialization: wamp.JSON, Kwargs: encoded}, nil
}
