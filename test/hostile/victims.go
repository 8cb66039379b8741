//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// onOthers are attacks on other clients: after them the others must still have what they had.
func onOthers() []attack {
	return []attack{
		{name: "others: calls that are larger than the callee takes at a time", joined: true, ways: few[:2], parallel: 1, play: largeCalls, bystanders: slowCallee},
		{name: "others: publications that would evict what others keep", joined: true, ways: few[:2], parallel: 2, play: keepMuch, bystanders: keeper},
	}
}

// slowCallee registers a procedure and takes no call until the attack is over. Then it must still have its session and
// its registration, and a call of another client must reach it.
func slowCallee(ctx context.Context, a *attacker) (func() error, error) {
	callee, err := a.bystanders.join(ctx, way{"websocket", "json", false})
	if err != nil {
		return nil, err
	}
	if err := callee.register("open.slow"); err != nil {
		return nil, err
	}
	return func() error {
		defer callee.close()
		caller, err := a.bystanders.join(ctx, few[0])
		if err != nil {
			return err
		}
		defer caller.close()
		const mark = "after the attack"
		if err := caller.send(forge(caller.serialization, []node{48, 1, object{}, "open.slow", []node{mark}})); err != nil {
			return err
		}
		err = callee.await(func(m wamp.Message) bool {
			invocation, ok := m.(*wamp.Invocation)
			return ok && strings.Contains(string(invocation.Payload.Args), mark)
		})
		if err != nil {
			return fmt.Errorf("the callee lost its session or its registration: %w", err)
		}
		return nil
	}, nil
}

// largeCalls calls the slow procedure with long arguments, and does not wait for results.
func largeCalls(_ context.Context, a *attacker, c *client) error {
	arguments := []node{strings.Repeat("a", 900_000)}
	for i := range 40 * a.times {
		call := forge(c.serialization, []node{48, i + 1, object{}, "open.slow", arguments})
		if err := a.post(c, call); err != nil {
			return fmt.Errorf("the caller lost its session: %w", err)
		}
	}
	return c.fence()
}

// keeper publishes an event that is kept by another contract than that of the attack. It must still be there.
func keeper(ctx context.Context, a *attacker) (func() error, error) {
	c, err := a.bystanders.join(ctx, few[0])
	if err != nil {
		return nil, err
	}
	if err := c.send(forge(c.serialization, []node{16, 1, object{{"acknowledge", true}, {"exclude_me", false}}, "other.1", []node{"kept"}})); err != nil {
		return nil, err
	}
	if err := c.fence(); err != nil {
		return nil, err
	}
	return func() error {
		defer c.close()
		if err := c.send(forge(c.serialization, []node{32, 2, object{{"get_retained", true}}, "other.1"})); err != nil {
			return err
		}
		if err := c.send(forge(c.serialization, []node{34, fenceRequest, fenceRequest})); err != nil {
			return err
		}
		found := false
		err := c.await(func(m wamp.Message) bool {
			if _, ok := m.(*wamp.Event); ok {
				found = true
			}
			return isFence(m)
		})
		if err == nil && !found {
			err = fmt.Errorf("what another contract keeps is gone")
		}
		return err
	}, nil
}

// keepMuch publishes to many topics that are kept.
func keepMuch(_ context.Context, a *attacker, c *client) error {
	text := strings.Repeat("a", 10_000)
	return a.flood(c, 6000*a.times, func(i int) []byte {
		return forge(c.serialization, []node{16, i + 1, object{}, "kept." + strconv.Itoa(i), []node{text}})
	})
}

// register registers a procedure.
func (c *client) register(procedure string) error {
	c.request++
	if err := c.send(forge(c.serialization, []node{64, c.request, object{}, procedure})); err != nil {
		return err
	}
	var refusal error
	err := c.await(func(m wamp.Message) bool {
		failed, refused := m.(*wamp.Error)
		if refused {
			refusal = fmt.Errorf("register %s: %s", procedure, failed.Error)
		}
		_, registered := m.(*wamp.Registered)
		return refused || registered
	})
	if err != nil {
		return err
	}
	return refusal
}
