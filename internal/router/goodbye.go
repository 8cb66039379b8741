package router

import (
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// goodbye sends GOODBYE, as the first or as the answer, and ends the conversation without waiting for the
// client's answer. The session leaves the realm first: a client that receives GOODBYE is no longer counted.
func (c *Client) goodbye(reason wamp.URI, info outbox.CloseInfo) {
	if earlier := c.sender.Outbox.Closed(); earlier != nil { // the first reason holds
		info = *earlier
	}
	if s := c.session.Load(); s != nil {
		s.leave(info.Reason)
	}
	c.finish(sender.Goodbye(reason, info.Text), info)
}

const shutdownText = "the server is shutting down"

// shutDown ends the conversation because the server stops. The session stays in its realm.
func (c *Client) shutDown() {
	if c.Established() {
		c.sendFinal(sender.Goodbye(wamp.CloseSystemShutdown, shutdownText), outbox.CloseInfo{Reason: outbox.CloseShutdown, Text: shutdownText})
		return
	}
	c.abort(wamp.Fail(wamp.CloseSystemShutdown, shutdownText), outbox.CloseShutdown)
}

// finish queues the last message, refuses everything after it, and takes the session out of the realm. Only
// the first call has an effect. Caller must not hold a lock.
func (c *Client) finish(last wamp.Message, info outbox.CloseInfo) {
	c.sendFinal(last, info)
	if s := c.session.Load(); s != nil {
		s.leave(c.sender.Outbox.Closed().Reason)
	}
}

// comesAgain reports whether GOODBYE and ABORT leave the client free to come again. Under [peer.Strict] each client
// gets them, as the specification wants.
func (c *Client) comesAgain() bool {
	if c.router.options.Strictness == peer.Strict {
		return true
	}
	s := c.session.Load()
	return s != nil && s.features.Has(peer.Returns)
}

// sendFinal queues the last message and refuses everything after it. Only the first call has an effect.
//
// A client that should come again gets GOODBYE and ABORT only if it has announced that it does: for autobahn and wampy
// they end all reconnecting, whatever their reason. Other clients come again after the close of the connection alone.
// But the end of a login is told to each client, by GOODBYE where there is no close code: without another login, coming
// again is of no use.
func (c *Client) sendFinal(last wamp.Message, info outbox.CloseInfo) {
	untold := info.Reason == outbox.CloseExpired && c.peer.NoCloseCodes
	if info.Reason.Retry() && !c.comesAgain() && !untold {
		last = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sender.SendLast(last, info)
}

// Kill ends the session with GOODBYE, the reason ("" means wamp.close.killed) and the message. The session has
// left the realm when Kill returns.
func (s *Session) Kill(reason wamp.URI, message string) {
	if reason == "" {
		reason = wamp.CloseKilled
	}
	s.client.notifyLogout()
	s.client.goodbye(reason, outbox.CloseInfo{Reason: outbox.CloseKilled, Text: message})
}
