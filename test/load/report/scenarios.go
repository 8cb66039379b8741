package report

// family is a group of scenarios: a section of the page.
type family struct {
	name      string // of its plots
	title     string
	scenarios []scenario
	growth    *growth // nil: none
}

// scenario describes a scenario on the page.
type scenario struct {
	name  string
	title string
	cost  string // the figure that gets bars
	what  string // one sentence
	means string // one sentence: what the scenario means for a user
}

// growth compares two scenarios that differ in size.
type growth struct {
	from, to string
	title    string
	text     string // one sentence
}

// families lists the sections of the page, in their order.
var families = []family{saturated, steady, manyTopics, kept, resumed, patterns, wires, calls, connections, overHTTP}

var saturated = family{
	name: "fanout-saturated", title: "One topic, as fast as it goes",
	scenarios: []scenario{
		{
			"fanout-1-saturated", "1 client, saturated", CPUPerEvent,
			"One publisher sends events of 128 bytes in one topic to one subscriber, with 64 publications in flight.",
			"This is the cost of a publication and one event together; no other subscriber shares it.",
		},
		{
			"fanout-100-saturated", "100 clients, saturated", CPUPerEvent,
			"The same with 100 subscribers of the topic.",
			"This is a department that looks at the same page while a batch job changes it.",
		},
		{
			"fanout-1000-saturated", "1,000 clients, saturated", CPUPerEvent,
			"The same with 1,000 subscribers of the topic.",
			"One second divided by the CPU time per event is the number of events that a core delivers in a second under full load.",
		},
		{
			"fanout-10000-saturated", "10,000 clients, saturated", CPUPerEvent,
			"The same with 10,000 subscribers of the topic, and with 4 publications in flight instead of 64.",
			"It shows whether the cost of an event grows with the number of subscribers.",
		},
		{
			"fanout-1000-2k-saturated", "1,000 clients, 2 KiB, saturated", CPUPerEvent,
			"The same with 1,000 subscribers and a document of 2 KiB as payload.",
			"It shows the cost of large payloads: events that carry the changed document and not only a notice.",
		},
	},
	growth: &growth{
		"fanout-1000-saturated", "fanout-10000-saturated",
		"From 1,000 to 10,000 clients",
		"The table shows the growth of the CPU time per event. The floor grows because the kernel handles ten times as many " +
			"sockets, and because fewer publications in flight mean fewer events in one write.",
	},
}

var steady = family{
	name: "fanout-rate", title: "One topic, at a steady rate",
	scenarios: []scenario{
		{
			"fanout-100-rate", "100 clients, steady rate", CPUPerEvent,
			"One publisher sends 100 events of 128 bytes a second to 100 subscribers, whether or not the last one has arrived.",
			"This is a normal day: servers that keep up differ in CPU time and in latency.",
		},
		{
			"fanout-1000-rate", "1,000 clients, steady rate", CPUPerEvent,
			"The same with 20 events a second and 1,000 subscribers.",
			"The latency is that of all subscribers, so p99 is close to the time until the last subscriber has the event.",
		},
		{
			"fanout-10000-rate", "10,000 clients, steady rate", CPUPerEvent,
			"The same with 2 events a second and 10,000 subscribers.",
			"It shows how much later than the first subscriber the last of ten thousand receives an event.",
		},
	},
}

var manyTopics = family{
	name: "topics", title: "Many topics",
	scenarios: []scenario{
		{
			"topics-1000", "1,000 topics, saturated", CPUPerEvent,
			"One publisher sends events of 128 bytes to 1,000 topics in turn, each with one subscriber, with 64 publications in flight.",
			"It is the hard case for a server that shares the work of an event among its subscribers: here each page looks at another record.",
		},
		{
			"topics-1000-rate", "1,000 topics, steady rate", CPUPerEvent,
			"The same with 10,000 publications a second, whether or not the last one has arrived.",
			"Queues are almost empty here, so each event is a write of its own.",
		},
	},
}

var kept = family{
	name: "kept", title: "Topics that are kept",
	scenarios: []scenario{
		{
			"kept-fanout-1000", "1,000 clients, kept, saturated", CPUPerEvent,
			"As with 1,000 clients, saturated, but the last 128 publications of the topic are kept in memory, and each event carries its position; tidings does not keep, for comparison.",
			"This is the price of never missing an event.",
		},
		{
			"kept-topics-1000", "1,000 topics, kept, saturated", CPUPerEvent,
			"The same with 1,000 topics in turn, each with one subscriber.",
			"Here no subscriber shares the cost of keeping a publication.",
		},
		{
			"stored", "Stored publications", CPUPerPublication,
			"A publisher waits until its publication is on the disk, and then publishes again. Then it has 64 publications in flight, and last 64 publishers do as the first did, all with the same server.",
			"Publications that arrive while one write is under way share the next one, so a busy server does not write to the disk more often.",
		},
	},
}

var resumed = family{
	name: "resume", title: "Clients that come back",
	scenarios: []scenario{
		{
			"resume", "Resume after 100 missed events", CPUPerResume,
			"3,000 clients are connected and logged in. They subscribe from where they were, and get the 100 events that they have missed.",
			"This is the cost of a recovery without that of a connection, which the next scenario has.",
		},
		{
			"resume-storm", "Reconnect and resume", CPUPerResume,
			"The same, but the clients also connect, as fast as the server accepts them, and show a ticket.",
			"This happens when a network fails: CPU time per resumed client, times your clients, is the time that a core needs until all are up to date.",
		},
		{
			"resume-restart-1000", "Resume after a restart, 1,000 clients", CPUPerResume,
			"1,000 clients are cut off from one topic and miss 100 publications, each of which is stored on its own. The server is killed (SIGKILL) and started again, and all clients come back.",
			"The time is that from the end of the server until the last client has its last event, and the CPU time is all that the new process used.",
		},
		{
			"resume-restart-10000", "Resume after a restart, 10,000 clients", CPUPerResume,
			"The same with 10,000 clients.",
			"The server reads its store once, and not once for each client.",
		},
		{
			"resume-restart-10-topics", "Resume after a restart, 10 topics", CPUPerResume,
			"The same with 10,000 clients and 10 topics, and so with 1,000 publications.",
			"The reads grow with what is kept of the topics.",
		},
	},
}

var patterns = family{
	name: "patterns", title: "Patterns",
	scenarios: []scenario{
		{
			"patterns-100", "100 patterns", CPUPerPublication,
			"100 connections subscribe to 100 patterns, half of them prefixes and half wildcards, and each publication matches 4.",
			"The next scenario is compared with this one.",
		},
		{
			"patterns-10000", "10,000 patterns", CPUPerPublication,
			"The same with 100 patterns for each connection, 10,000 in all, and 4 matches as before.",
			"A server that tests each pattern for each publication becomes slower with every client; a server with an index does not.",
		},
	},
	growth: &growth{
		"patterns-100", "patterns-10000",
		"From 100 to 10,000 patterns",
		"The table shows the growth of the CPU time per publication.",
	},
}

var wires = family{
	name: "wires", title: "Mixed clients, compression, encryption",
	scenarios: []scenario{
		{
			"mixed", "Mixed clients", CPUPerEvent,
			"As with 1,000 clients, saturated, but one quarter of the clients uses version 1 of WAMP. The other quarters use version 2 as JSON, MessagePack and CBOR.",
			"It shows the cost of old clients next to new clients.",
		},
		{
			"deflate", "Compression", CPUPerEvent,
			"As with 1,000 clients, 2 KiB, saturated, but the clients have agreed on permessage-deflate.",
			"An event is compressed once for all clients, so compression saves bandwidth for little CPU time.",
		},
		{
			"tls", "Encryption", CPUPerEvent,
			"As with 1,000 clients, saturated, but the server does TLS.",
			"Each client has its own keys, so this work cannot be shared; a proxy that does TLS has the same work.",
		},
	},
}

var calls = family{
	name: "rpc", title: "Calls",
	scenarios: []scenario{
		{
			"rpc-sequential", "Calls one after the other", CPUPerCall,
			"A client calls a procedure of another client, waits for the result, and calls again. Payload and result have 128 bytes.",
			"It shows the latency of a call on an otherwise idle server.",
		},
		{
			"rpc-pipelined", "Calls without waiting", CPUPerCall,
			"The same with 64 calls in flight.",
			"One second divided by the CPU time per call is the number of calls that a core routes in a second.",
		},
	},
}

var connections = family{
	name: "connections", title: "Connections",
	scenarios: []scenario{
		{
			"storm", "All clients connect at once", CPUPerConnection,
			"3,000 clients connect as fast as the server accepts them: TCP, upgrade, a signed ticket for each (the floor needs none), one subscription.",
			"This happens after a restart: CPU time per connection, times your clients, is the time that a core needs until all are back.",
		},
		{
			"storm-v1", "All clients connect at once, version 1", CPUPerConnection,
			"The same with clients that use version 1 of WAMP; then events as with 1,000 clients, saturated, for 3,000 clients.",
			"It shows whether old clients cost more to reconnect and to serve.",
		},
		{
			"memory", "Memory at rest", RSSPerConnection,
			"Clients are connected, logged in and subscribed, and nothing happens. The figure is the additional memory divided by their number.",
			"This is the cost of a client that waits, as clients do most of the time.",
		},
	},
}

var overHTTP = family{
	name: "http", title: "Publishing over HTTP",
	scenarios: []scenario{
		{
			"http-publish", "Publications over HTTP", CPUPerPublication,
			"A backend publishes 128 bytes to one subscriber, with one request for each publication, over 16 kept connections.",
			"Web applications usually publish like this; in 1 client, saturated, the publisher has a WebSocket instead.",
		},
	},
}

// scenarioOf describes a scenario. An unknown scenario has its name as title.
func scenarioOf(name string) scenario {
	for _, f := range families {
		for _, s := range f.scenarios {
			if s.name == name {
				return s
			}
		}
	}
	return scenario{name: name, title: name}
}
