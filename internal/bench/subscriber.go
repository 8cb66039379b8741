package bench

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/client"
)

// subscriber is one connection that is subscribed to the topic, with the count of its events.
type subscriber struct {
	run    *run
	client *client.Client

	// owned by the goroutine that calls the client's handlers
	step     int64 // to which got and expected belong
	got      int64
	expected int64 // number of the next event, if none is missing
}

// Limits of each connection of the bench. They are low, because there are thousands of connections.
const (
	eventsOfOne   = 2 * window
	outgoingOfOne = 64 << 10
	leaveWithin   = 2 * time.Second // Ctrl-C ends the run soon, even if the server does not answer
)

func (r *run) config() client.Config {
	config := client.Config{
		URL: r.options.below("/ws"), Agent: r.options.Agent,
		Reconnect: client.Reconnect{Off: true}, // a lost connection belongs in the report
		Limits:    client.Limits{Events: eventsOfOne, Outgoing: outgoingOfOne, Leave: leaveWithin},
	}
	if r.options.Key != "" {
		config.Auth = client.Key(r.options.Key)
	}
	return config
}

// subscribe opens one connection and subscribes it to the topic.
func (r *run) subscribe(ctx context.Context) error {
	c, err := client.Connect(ctx, r.config())
	if err != nil {
		return err
	}
	s := &subscriber{run: r, client: c}
	if _, err := c.Subscribe(ctx, r.options.Topic, s.event, nil); err != nil {
		c.Close()
		<-c.Done()
		return err
	}
	r.mu.Lock()
	r.subscribers = append(r.subscribers, s)
	r.alive++
	r.mu.Unlock()
	r.watches.Go(s.watch)
	return nil
}

// watch waits for the end of the connection, and then removes the subscriber from the stream.
func (s *subscriber) watch() {
	<-s.client.Done() // no handler runs anymore
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if s.run.leaving {
		return
	}
	s.run.alive--
	if err := s.client.Err(); err != nil {
		s.run.ended.add(err)
	}
	if stream := s.run.stream.Load(); stream != nil {
		stream.leave(s.gotOf(stream))
	}
}

// gotOf returns the number of events of a stream that have arrived.
func (s *subscriber) gotOf(stream *stream) int64 {
	if s.step != stream.step {
		return 0
	}
	return s.got
}

func (s *subscriber) event(e *client.Event) {
	now := s.run.clock()
	got, ok := readStamp(e.Payload)
	if !ok || got.run != s.run.id {
		s.run.foreign.Add(1)
		return
	}
	stream := s.run.stream.Load()
	if stream == nil || stream.step != got.step {
		return // its step has ended, and it was counted as lost
	}
	if s.step != got.step {
		s.step, s.got, s.expected = got.step, 0, 0
	}
	if got.number < s.expected { // events of one publisher keep their order, so this one is a repetition
		stream.repeated.Add(1)
		return
	}
	s.expected = got.number + 1
	s.got++
	stream.took.record(now - got.at)
	stream.arrive(now)
}
