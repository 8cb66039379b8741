package report

import (
	"cmp"
	"slices"
	"strings"
)

// server is a row of the tables.
type server struct {
	name string
	what string
}

// servers lists the rows of the tables, in their order.
var servers = []server{
	{"floor-each", "the floor: one write for each event"},
	{"floor-coalesce", "the floor: one write for all events that are queued for a client"},
	{"tidings", "this server, WAMP 2 as JSON"},
	{"tidings-alone", "as tidings, but without io_uring: one system call for each client"},
	{"tidings-json", "this server, WAMP 2 as JSON"},
	{"tidings-msgpack", "this server, WAMP 2 as MessagePack"},
	{"tidings-mixed", "this server, version 1 and several serializations of version 2 at once"},
	{"tidings-deflate", "this server, WAMP 2 as JSON, compressed (permessage-deflate)"},
	{"tidings-kept", "as tidings, but the last 128 publications of each topic are kept in memory, and the clients ask for positions"},
	{"tidings-kept-msgpack", "as tidings-kept, WAMP 2 as MessagePack"},
	{"tidings-stored", "as tidings-kept, but publications are on the disk before they are acknowledged (`data`, `journal.sync: always`)"},
	{"tidings-tls", "this server, WAMP 2 as JSON, encrypted (TLS)"},
	{"centrifuge-json", "Centrifuge, its JSON protocol"},
	{"centrifuge-protobuf", "Centrifuge, its Protobuf protocol"},
	{"centrifuge-kept-json", "Centrifuge with history (128) and recovery, its memory engine, its JSON protocol"},
	{"centrifuge-kept-protobuf", "the same, its Protobuf protocol"},
	{"nexus-json", "nexus, WAMP 2 as JSON"},
	{"nexus-msgpack", "nexus, WAMP 2 as MessagePack"},
	{"mercure", "Mercure, server-sent events over HTTP"},
}

// The servers that the targets compare Tidings with.
var (
	floors         = []string{"floor-each", "floor-coalesce"}
	centrifuge     = []string{"centrifuge-json", "centrifuge-protobuf"}
	centrifugeKept = []string{"centrifuge-kept-json", "centrifuge-kept-protobuf"}
	nexus          = []string{"nexus-json", "nexus-msgpack"}
	peers          = slices.Concat(centrifuge, nexus, []string{"mercure"})
)

func serverPlace(name string) int {
	i := slices.IndexFunc(servers, func(s server) bool { return s.name == name })
	if i < 0 {
		return len(servers)
	}
	return i
}

// compareServers puts the servers that the page does not know last.
func compareServers(a, b string) int {
	return cmp.Or(cmp.Compare(serverPlace(a), serverPlace(b)), cmp.Compare(a, b))
}

func serverWhat(name string) string {
	if i := serverPlace(name); i < len(servers) {
		return servers[i].what
	}
	return ""
}

func isTidings(name string) bool { return strings.HasPrefix(name, "tidings") }
func isFloor(name string) bool   { return strings.HasPrefix(name, "floor") }
