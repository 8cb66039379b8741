package transport

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

// The shard checks the deadlines of all its connections a few times a second. That replaces a timer for each of them: a
// check costs a few loads if nothing is due.

// tick does what is due for the shard's connections.
func (sh *shard) tick() {
	now := int64(sh.server.now())
	sh.clock.Store(now)
	limits := sh.server.limits()
	var due []*conn
	sh.membersMu.Lock()
	for _, c := range sh.members {
		if c.dueAction(now, limits) != nothingDue {
			due = append(due, c)
		}
	}
	sh.membersMu.Unlock()
	for _, c := range due {
		c.do(c.dueAction(now, limits), now)
	}
}

// writeSteps is the number of Limits.Write without progress after which a client is slow. The client's system reports
// what the client has read in steps, and over loopback only when its whole buffer is empty: 128 KiB.
const writeSteps = 2

// dueAction is the action for a deadline that has passed.
type dueAction uint8

const (
	nothingDue        dueAction = iota
	giveUpClosing               // the closing handshake took too long
	dropUnestablished           // the client did not join in time
	refusePartial               // a message did not arrive in time
	missPong
	dropSlow     // the client has not accepted what it was sent
	postponePong // the client reads slowly, and cannot have read the ping yet
	pingIt
)

func (c *conn) dueAction(now int64, limits *Limits) dueAction {
	if closeBy := c.closeDeadline.Load(); closeBy != 0 {
		if now < closeBy || c.takesLastBytes() {
			return nothingDue
		}
		return giveUpClosing
	}
	if !c.established && now-c.openedAt >= int64(limits.Hello) {
		if c.established = c.conv.Established(); !c.established {
			return dropUnestablished
		}
	}
	if partial := c.partialSince.Load(); partial != 0 && now-partial >= int64(limits.Message) {
		return refusePartial
	}
	if stuck := c.socket.BlockedSince(); stuck != 0 {
		if now-stuck >= int64(limits.Write*writeSteps) {
			return dropSlow
		}
		return postponePong
	}
	if c.protocol.Pongs == PongsNever {
		return nothingDue
	}
	heard, pinged := c.lastRead.Load(), c.lastPing.Load()
	if pinged > heard && c.mustPong() {
		if now-pinged >= int64(limits.Pong) && !c.receiving.Load() {
			return missPong
		}
		return nothingDue
	}
	if now-max(min(heard, c.lastWrite.Load()), pinged) >= int64(limits.Ping) {
		return pingIt
	}
	return nothingDue
}

// takesLastBytes reports whether the server stops and the client has not got everything yet. Then the client has until
// the end of the drain, because it could lose its close frame if the socket were closed.
func (c *conn) takesLastBytes() bool {
	return c.server.draining.Load() && c.socket.Unacknowledged() > 0
}

// mustPong reports whether a missing pong means that the client is gone. OroPlatform's backend never reads after its
// WELCOME, so it never answers a ping and still works. If its connection were closed, it would go on publishing without
// an error. Clients of such protocols must answer only if they have answered before. Any bytes count as an answer.
func (c *conn) mustPong() bool {
	return c.protocol.Pongs == PongsRequired || c.ponged.Load()
}

func (c *conn) do(what dueAction, now int64) {
	limits := c.server.limits()
	switch what {
	case nothingDue:
	case giveUpClosing:
		c.cut()
	case dropUnestablished:
		c.timeOut(fmt.Sprintf("no session was opened within %s", limits.Hello))
	case refusePartial:
		c.timeOut(fmt.Sprintf("a message was not complete within %s", limits.Message))
	case missPong:
		c.timeOut(fmt.Sprintf("a ping was not answered within %s", limits.Pong))
	case postponePong:
		if c.lastPing.Load() > c.lastRead.Load() {
			c.lastPing.Store(now)
		}
	case dropSlow:
		c.drop(outbox.CloseSlow)
	case pingIt:
		c.lastPing.Store(now)
		c.sendPing()
	}
}

func (sh *shard) add(c *conn) {
	sh.membersMu.Lock()
	defer sh.membersMu.Unlock()
	c.place = len(sh.members)
	sh.members = append(sh.members, c)
}

func (sh *shard) remove(c *conn) {
	sh.membersMu.Lock()
	defer sh.membersMu.Unlock()
	last := len(sh.members) - 1
	moved := sh.members[last]
	sh.members[c.place] = moved
	moved.place = c.place
	sh.members[last] = nil
	sh.members = sh.members[:last]
	if spare := cap(sh.members); spare > 1024 && last < spare/4 {
		sh.members = append(make([]*conn, 0, spare/2), sh.members...) // many have left
	}
}

func (sh *shard) count() int {
	sh.membersMu.Lock()
	defer sh.membersMu.Unlock()
	return len(sh.members)
}

// closeAll closes the connections that are left at the end of Run.
func (sh *shard) closeAll() {
	sh.membersMu.Lock()
	left := append([]*conn(nil), sh.members...)
	sh.membersMu.Unlock()
	for _, c := range left {
		c.drop(outbox.CloseShutdown)
	}
}
