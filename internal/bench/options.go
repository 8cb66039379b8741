package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// The bounds and the defaults of [Options].
const (
	MaxConnections     = 20_000 // one address can have some 28,000 connections to one port
	DefaultConnections = 200
	MaxRate            = 10_000 // a second; timers cannot keep shorter pauses
	DefaultRate        = 10
	MaxSeconds         = 600
	DefaultSeconds     = 5
	MaxSize            = 64 << 10 // in bytes; window publications of this size fit an outbox
	DefaultSize        = 128
)

// Options say what to measure, and how much of it. Zero numbers get the defaults.
type Options struct {
	Server string // its address, such as http://127.0.0.1:8080
	Key    string // API key
	Agent  string // the kind of client that the server's operators see
	// Topic to publish to. If it is empty, the run makes one of its own below "bench.".
	Topic string

	Connections int // that subscribe
	Rate        int // publications a second, to measure latency
	Seconds     int // for each of latency and fan-out
	Size        int // bytes of a payload, about

	// Progress is called by one goroutine at a time. It must not block.
	Progress func(Progress)
}

// Progress reports how much of a step is done.
type Progress struct {
	Step        string // such as "connections"
	Done, Total int
}

// Check returns an error that names the first number out of bounds. Zero is out of bounds.
func (o Options) Check() error {
	for _, n := range []struct {
		name        string
		value, most int
	}{
		{"connections", o.Connections, MaxConnections},
		{"rate", o.Rate, MaxRate},
		{"seconds", o.Seconds, MaxSeconds},
		{"size", o.Size, MaxSize},
	} {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("%s is %d: choose 1 to %d", n.name, n.value, n.most)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	setDefault(&o.Connections, DefaultConnections)
	setDefault(&o.Rate, DefaultRate)
	setDefault(&o.Seconds, DefaultSeconds)
	setDefault(&o.Size, DefaultSize)
	setDefault(&o.Topic, ownTopic+strconv.FormatUint(rand.Uint64(), 36))
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}

// ownTopic begins the topic that a run makes for itself. [ownContract] is the contract that allows it.
const (
	ownTopic    = "bench."
	ownContract = "bench.{run:slug}"
)

// below returns the address of a path on the server.
func (o Options) below(path string) string { return strings.TrimRight(o.Server, "/") + path }

func (o Options) duration() time.Duration { return time.Duration(o.Seconds) * time.Second }

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
