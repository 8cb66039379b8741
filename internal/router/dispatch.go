package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// handle handles a message that fits the state of the conversation. flaw is what is wrong with its payload, or nil. An
// error ends the conversation.
func (c *Client) handle(ctx context.Context, message wamp.Message, flaw error) error {
	switch m := message.(type) {
	case *wamp.Hello:
		return c.hello(ctx, m)
	case *wamp.Authenticate:
		return c.authenticate(ctx, m)
	case *wamp.Abort:
		c.finish(nil, outbox.CloseInfo{Reason: outbox.CloseAborted, Text: string(m.Reason)})
		return nil
	}
	s := c.session.Load()
	if s == nil {
		return wamp.Violation("%s before the session is open", message.Code())
	}
	err := c.serve(ctx, s, message, flaw)
	s.drainObserverCalls()
	return err
}

// serve handles a message of an established session.
func (c *Client) serve(ctx context.Context, s *Session, message wamp.Message, flaw error) error {
	if s.strict() {
		if err := s.requests.Expect(message); err != nil {
			return err
		}
	}
	if flaw != nil {
		c.flushBatch()
		if handled, err := s.refusePayload(message, flaw); handled {
			return err
		}
	}
	if m, ok := message.(*wamp.Publish); ok {
		return s.publish(ctx, m)
	}
	c.flushBatch() // other messages must not overtake the batch
	switch m := message.(type) {
	case *wamp.Goodbye:
		if m.Reason == wamp.CloseLogout {
			c.notifyLogout()
		}
		c.goodbye(wamp.CloseGoodbyeAndOut, outbox.CloseInfo{Reason: outbox.CloseGoodbye})
		return nil
	case *wamp.Subscribe:
		return s.subscribe(ctx, m)
	case *wamp.Unsubscribe:
		s.replyError(m, s.realm.broker.unsubscribe(s, m.Request, m.Subscription))
		return nil
	case *wamp.Register:
		return s.register(ctx, m)
	case *wamp.Unregister:
		s.replyError(m, s.realm.dealer.unregister(s, m.Request, m.Registration))
		return nil
	case *wamp.Call:
		return s.call(ctx, m)
	case *wamp.Cancel:
		return s.cancel(m)
	case *wamp.Yield:
		return s.yield(m)
	case *wamp.Error:
		return s.calleeError(m)
	}
	return wamp.Violation("%s is not a client's message", message.Code())
}
