//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// attack is one thing that a client does to make the server work.
type attack struct {
	name string
	// joined: the attacker has a session.
	joined bool
	// topic is that of the ordinary publications with which the attack is compared; "" is a topic without a schema.
	topic string
	// ways are how the attack is made. An attack without ways makes connections of its own.
	ways []way
	// parallel is how many conversations play at the same time.
	parallel int
	// play is what one conversation does.
	play func(context.Context, *attacker, *client) error
	// bystanders opens conversations that do not attack, and returns what must still hold for them after the attack.
	bystanders func(context.Context, *attacker) (check func() error, err error)
	// connect is what one connection of an attack without ways does.
	connect func(context.Context, *attacker) (io.Closer, error)
}

// attacker makes one attack.
type attacker struct {
	dialer
	bystanders dialer   // of clients that do not attack; what they send is not counted
	times      int      // how much is sent, as a multiple of the least
	forged     sync.Map // messages that are sent again, by their serialization
	messages   atomic.Int64
	length     atomic.Int64 // of all messages, before compression
}

// leastBytes bounds from below the bytes of an attack over all its conversations, before compression.
const leastBytes = 4 << 20

// count returns how often each of the conversations sends a message of a length.
func (a *attacker) count(length, parallel int) int {
	return min(max(a.times*leastBytes/max(length, 256)/parallel, 1), 4000*a.times)
}

// once makes a message once for all conversations of a serialization.
func (a *attacker) once(serialization string, message node) []byte {
	made, _ := a.forged.LoadOrStore(serialization, sync.OnceValue(func() []byte { return forge(serialization, message) }))
	return made.(func() []byte)()
}

// post sends a message.
func (a *attacker) post(c *client, message []byte) error {
	a.messages.Add(1)
	a.length.Add(int64(len(message)))
	return c.send(message)
}

// window counts the messages that are sent before the attacker reads, so that answers never fill its socket.
const window = 32

// flood sends a message often, and waits until the server has handled all. The server may end the conversation.
func (a *attacker) flood(c *client, count int, message func(i int) []byte) error {
	for i := range count {
		if err := a.post(c, message(i)); err != nil {
			return nil //nolint:nilerr // the server has ended the conversation
		}
		if i%window == window-1 {
			if err := c.fence(); err != nil {
				return err
			}
		}
	}
	return c.fence()
}

const (
	// leastSent is what strangers send at least, in small messages over many conversations: beside a bound for each KiB
	// the memory and the time that the server needs anyway are then little.
	leastSent = 256 << 10
	// mostConversations bounds the conversations of one attack.
	mostConversations = 400
)

// playAll plays the conversations of the attack, so many at the same time. All stay open until the end.
func (a *attacker) playAll(ctx context.Context, what attack, w way) error {
	var open []io.Closer
	var faults []error
	for played := 0; ; {
		conversations, failed := a.playSome(ctx, what, w)
		open, faults = append(open, conversations...), append(faults, failed...)
		played += what.parallel
		if what.joined || played >= mostConversations || a.sent.Load() >= leastSent || errors.Join(faults...) != nil {
			break
		}
	}
	for _, conversation := range open {
		faults = append(faults, conversation.Close())
	}
	return errors.Join(faults...)
}

// playSome plays conversations at the same time, and returns them open.
func (a *attacker) playSome(ctx context.Context, what attack, w way) (open []io.Closer, faults []error) {
	var playing sync.WaitGroup
	var mu sync.Mutex // guards the results
	for range what.parallel {
		playing.Go(func() {
			conversation, err := a.converse(ctx, what, w)
			mu.Lock()
			defer mu.Unlock()
			if conversation != nil {
				open = append(open, conversation)
			}
			faults = append(faults, err)
		})
	}
	playing.Wait()
	return open, faults
}

func (a *attacker) converse(ctx context.Context, what attack, w way) (io.Closer, error) {
	if what.connect != nil {
		return what.connect(ctx, a)
	}
	begin := a.open
	if what.joined {
		begin = a.join
	}
	c, err := begin(ctx, w)
	if err != nil {
		return nil, err
	}
	return c, what.play(ctx, a, c)
}

// Close implements [io.Closer].
func (c *client) Close() error {
	c.close()
	return nil
}
