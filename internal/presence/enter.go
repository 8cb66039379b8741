package presence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// maxRecordBytes, with the prefix, is well within what a URI may have.
const maxRecordBytes = 256

// request is what a page asks by calling, as keyword arguments or as one object.
type request struct {
	Record string `json:"record"`
	Mode   Mode   `json:"mode"`
}

// enter answers tidings.presence.enter.
func (c *Component) enter(ctx context.Context, call router.Invocation) (wamp.Payload, error) {
	asked, err := parse(call)
	if err != nil {
		return wamp.Payload{}, err
	}
	if c.gate == nil {
		return wamp.Payload{}, wamp.Fail(wamp.ErrNotAuthorized, "no rule of this server lets anybody enter a record")
	}
	if err := c.gate.Enter(ctx, call.Caller, asked.Record); err != nil {
		return wamp.Payload{}, err
	}
	attendance, err := c.admit(call.Caller, asked)
	c.flush()
	if err != nil {
		return wamp.Payload{}, err
	}
	return payload(attendance)
}

// leave answers tidings.presence.leave. To leave where one is not is no error.
func (c *Component) leave(_ context.Context, call router.Invocation) (wamp.Payload, error) {
	asked, err := parse(call)
	if err != nil {
		return wamp.Payload{}, err
	}
	c.mu.Lock()
	if s := c.stayLocked(call.Caller.ID(), asked.Record); s != nil {
		c.dropLocked(s)
		c.changeLocked(s.record, s.person, func() { s.record.remove(s) })
	}
	c.mu.Unlock()
	c.flush()
	return wamp.Payload{}, nil
}

// admit puts a session at a record, or changes what it does there.
func (c *Component) admit(session *router.Session, asked request) (Attendance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A session that leaves says so before Left is called, and Left waits for the lock: who is
	// found here now will be taken away by it.
	if c.closed || session.Reason() != router.CloseNone {
		return Attendance{}, wamp.Fail(wamp.ErrCanceled, "the session has ended")
	}
	if s := c.stayLocked(session.ID(), asked.Record); s != nil {
		c.changeLocked(s.record, s.person, func() { s.mode = asked.Mode })
		return s.record.attendance(), nil
	}
	if len(c.stays[session.ID()]) >= MaxRecords {
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

// enterLocked adds the session. If it is a page that was lost and has come back, it takes the place
// of the session it had: nobody sees it go or come.
func (c *Component) enterLocked(r *record, session *router.Session, mode Mode) {
	before := r.look(session.Identity().ID)
	s := c.lostStayLocked(r, session)
	if s != nil {
		c.dropLocked(s)
		s.session, s.mode = session.ID(), mode
	} else {
		s = r.add(session, mode)
	}
	c.stays[s.session] = append(c.stays[s.session], s)
	c.tellLocked(r, s.person, before)
}

// lostStayLocked finds the place of the same page of the same user in its grace.
func (c *Component) lostStayLocked(r *record, session *router.Session) *stay {
	p := r.people[session.Identity().ID]
	if p == nil || session.Tab() == "" {
		return nil
	}
	for _, s := range p.stays {
		if _, lost := c.lost[s.session]; lost && s.tab == session.Tab() {
			return s
		}
	}
	return nil
}

func (c *Component) stayLocked(session wamp.ID, name string) *stay {
	for _, s := range c.stays[session] {
		if s.record.name == name {
			return s
		}
	}
	return nil
}

// dropLocked removes a stay from what its session holds, and the grace of a session without any.
func (c *Component) dropLocked(s *stay) {
	left := slices.DeleteFunc(c.stays[s.session], func(other *stay) bool { return other == s })
	if len(left) > 0 {
		c.stays[s.session] = left
		return
	}
	delete(c.stays, s.session)
	c.stopLocked(c.lost[s.session])
	delete(c.lost, s.session)
}

func parse(call router.Invocation) (request, error) {
	asked := request{Mode: View}
	if call.Caller == nil {
		return asked, wamp.Fail(wamp.ErrInvalidArgument, "only a page can be at a record: call this in a session")
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

// checkRecord holds a record to the loose rule for URIs, since it becomes the end of one.
func checkRecord(name string) error {
	if len(name) > maxRecordBytes {
		return wamp.Fail(wamp.ErrInvalidArgument, "record has %d bytes; at most %d are taken", len(name), maxRecordBytes)
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
