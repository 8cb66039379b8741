//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// The bounds. Memory is in bytes.
const (
	strangerMemory = 64 << 10             // for each KiB sent
	strangerCPU    = 2 * time.Millisecond // for each KiB sent
	userFactor     = 16                   // times what ordinary messages of the same length cost

	// ground is the memory that a process takes and gives back by itself: the collector's room and stacks. Growth below
	// it says nothing about an attack.
	ground = 8 << 20
	// ordinaryGround is the least growth that ordinary messages are taken to cause.
	ordinaryGround = 3 << 20
	// groundCPU is the time that a process uses beside an attack.
	groundCPU = 20 * time.Millisecond
)

// result is the outcome of one attack over one way.
type result struct {
	attack   string
	way      string
	cost     cost
	ordinary *cost // of users' attacks
	failed   error // the attack, not its measurement
}

// campaign runs attacks against a program.
type campaign struct {
	program  string
	times    int
	ordinary map[string]cost // of publications, by way, topic, length and number of conversations
}

// run runs one attack over one way on a server of its own.
func (p *campaign) run(ctx context.Context, what attack, w way) (result, error) {
	r := result{attack: what.name, way: w.String()}
	if what.connect != nil {
		r.way = "HTTP"
	}
	spent, length, failed, err := p.measure(ctx, what, w)
	if err != nil {
		return r, fmt.Errorf("%s over %s: %w", r.attack, r.way, err)
	}
	r.cost, r.failed = spent, failed
	if what.joined && length > 0 {
		ordinary, err := p.ordinaryCost(ctx, what, w, length)
		if err != nil {
			return r, fmt.Errorf("ordinary messages over %s: %w", r.way, err)
		}
		r.ordinary = &ordinary
	}
	r.failed = errors.Join(r.failed, r.excess())
	return r, nil
}

// measure plays an attack and returns its cost and the length of its messages. The attack has failed if the server does
// not serve others after it.
func (p *campaign) measure(ctx context.Context, what attack, w way) (spent cost, length int, failed, err error) {
	s, err := startServer(ctx, p.program, sockets{kind: "auto"})
	if err != nil {
		return cost{}, 0, nil, err
	}
	defer s.stop()
	a := &attacker{dialer: dialer{server: s}, bystanders: dialer{server: s}, times: p.times}
	witness, err := a.witness(ctx)
	if err != nil {
		return cost{}, 0, nil, err
	}
	defer witness.close()
	check := func() error { return nil }
	if what.bystanders != nil {
		if check, err = what.bystanders(ctx, a); err != nil {
			return cost{}, 0, nil, err
		}
	}
	m, err := startMeter(s.command.Process.Pid)
	if err != nil {
		return cost{}, 0, nil, err
	}
	failed = a.playAll(ctx, what, w)
	if err := s.crashed(); err != nil {
		return cost{sent: a.sent.Load(), messages: int(a.messages.Load())}, 0, errors.Join(failed, err), nil
	}
	spent, err = m.read()
	spent.sent, spent.messages = a.sent.Load(), int(a.messages.Load())
	failed = errors.Join(failed, check(), witness.testify(), s.alive(ctx))
	return spent, int(a.length.Load()) / max(spent.messages, 1), failed, err
}

// witness opens a session that takes no part in the attack, and subscribes to a topic of its own.
func (a *attacker) witness(ctx context.Context) (*client, error) {
	c, err := a.bystanders.join(ctx, few[0])
	if err != nil {
		return nil, err
	}
	if _, err := c.subscribe("open.witness", object{}); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// testify publishes, and fails unless the event comes.
func (c *client) testify() error {
	if err := c.send(forge(c.serialization, []node{16, 99, object{{"exclude_me", false}}, "open.witness", []node{"here"}})); err != nil {
		return fmt.Errorf("the session of another client is lost: %w", err)
	}
	if err := c.await(func(m wamp.Message) bool { _, ok := m.(*wamp.Event); return ok }); err != nil {
		return fmt.Errorf("another client gets no event: %w", err)
	}
	return nil
}

// crashed reports that the process has ended.
func (s *server) crashed() error {
	select {
	case <-s.ended:
		return fmt.Errorf("the server has ended: %v\n%s", s.command.ProcessState, s.output.Bytes())
	default:
		return nil
	}
}

func (s *server) alive(ctx context.Context) error {
	if err := s.crashed(); err != nil {
		return err
	}
	if !s.healthy(ctx) {
		return errors.New("the server is not ready any more")
	}
	return nil
}

// ordinaryCost returns what ordinary publications of a length cost, for as many conversations.
func (p *campaign) ordinaryCost(ctx context.Context, what attack, w way, length int) (cost, error) {
	topic, parallel := cmp.Or(what.topic, "open.1"), what.parallel
	key := fmt.Sprint(w, topic, length/64, parallel)
	if known, ok := p.ordinary[key]; ok {
		return known, nil
	}
	publishing := attack{
		name: "ordinary", joined: true, parallel: parallel,
		play: func(_ context.Context, a *attacker, c *client) error {
			message := ordinary(c.serialization, topic, length)
			return a.flood(c, max(a.count(len(message), parallel), 10), func(int) []byte { return message })
		},
	}
	spent, _, failed, err := p.measure(ctx, publishing, w)
	if err := errors.Join(failed, err); err != nil {
		return cost{}, err
	}
	if p.ordinary == nil {
		p.ordinary = make(map[string]cost)
	}
	p.ordinary[key] = spent
	return spent, nil
}

// bounds returns how much memory and CPU time the attack might have cost.
func (r *result) bounds() (memory int64, cpu time.Duration) {
	if r.ordinary == nil {
		kib := float64(r.cost.sent) / 1024
		return int64(kib*strangerMemory) + ground, time.Duration(kib*float64(strangerCPU)) + groundCPU
	}
	each := float64(r.ordinary.cpu) / float64(max(r.ordinary.messages, 1))
	return userFactor * max(r.ordinary.memory, ordinaryGround), time.Duration(userFactor*each*float64(r.cost.messages)) + groundCPU
}

// errSlow is a part of the error of an attack that takes more CPU time than it may.
var errSlow = errors.New("too much work")

// excess reports what was above its bound.
func (r *result) excess() error {
	memory, cpu := r.bounds()
	var over []error
	if r.cost.memory > memory {
		over = append(over, fmt.Errorf("memory grew by %.1f MiB for %.1f KiB sent; the bound is %.1f MiB", mib(r.cost.memory), kib(r.cost.sent), mib(memory)))
	}
	if r.cost.cpu > cpu {
		over = append(over, fmt.Errorf("%w: %v of CPU time for %.1f KiB sent in %d messages; the bound is %v", errSlow, r.cost.cpu.Round(time.Millisecond), kib(r.cost.sent), r.cost.messages, cpu.Round(time.Millisecond)))
	}
	return errors.Join(over...)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
func kib(n int64) float64 { return float64(n) / (1 << 10) }

// byName orders attacks.
func byName(a, b attack) int { return cmp.Compare(a.name, b.name) }
