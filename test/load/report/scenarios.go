package report

// family is scenarios that belong together: a section of the page.
type family struct {
	name      string // of its plots
	title     string
	scenarios []scenario
	growth    *growth // nil: none
}

// scenario is how the page speaks of what was played.
type scenario struct {
	name  string
	title string
	cost  string // the figure that gets bars
	what  string // one sentence
	means string // one sentence, what it means for a user
}

// growth is two scenarios that differ in size.
type growth struct {
	from, to string
	title    string
	text     string // one sentence
}

// families are the sections of the page, in their order.
var families = []family{saturated, steady, manyTopics, patterns, wires, calls, connections, overHTTP}

var saturated = family{
	name: "fanout-saturated", title: "One topic, as fast as it goes",
	scenarios: []scenario{
		{
			"fanout-1-saturated", "1 client, saturated", CPUPerEvent,
			"One publisher sends events of 128 bytes in one topic to one subscriber, and keeps 64 publications on their way.",
			"This is the price of a publication and an event together, with nobody to share it with.",
		},
		{
			"fanout-100-saturated", "100 clients, saturated", CPUPerEvent,
			"The same with 100 subscribers of the topic.",
			"A department looks at the same page, and a batch job changes it.",
		},
		{
			"fanout-1000-saturated", "1,000 clients, saturated", CPUPerEvent,
			"The same with 1,000 subscribers of the topic.",
			"A second divided by the CPU time per event is how many events a core delivers in a second when everything comes at once.",
		},
		{
			"fanout-10000-saturated", "10,000 clients, saturated", CPUPerEvent,
			"The same with 10,000 subscribers of the topic, and with 4 publications on their way instead of 64.",
			"It shows whether an event gets dearer when everybody is there.",
		},
		{
			"fanout-1000-2k-saturated", "1,000 clients, 2 KiB, saturated", CPUPerEvent,
			"The same with 1,000 subscribers and a document of 2 KiB as payload.",
			"It shows what the size costs when events carry what has changed instead of the news that it has.",
		},
	},
	growth: &growth{
		"fanout-1000-saturated", "fanout-10000-saturated",
		"From 1,000 to 10,000 clients",
		"This is how many times the CPU time per event becomes; the floor grows because the kernel has ten times the sockets " +
			"to look after, and because fewer publications on their way are fewer events in a write.",
	},
}

var steady = family{
	name: "fanout-rate", title: "One topic, at a steady rate",
	scenarios: []scenario{
		{
			"fanout-100-rate", "100 clients, steady rate", CPUPerEvent,
			"One publisher sends 100 events of 128 bytes a second to 100 subscribers, whether or not the last one has arrived.",
			"This is the usual day: servers that keep up differ in the CPU time they take, and in how long an event is on its way.",
		},
		{
			"fanout-1000-rate", "1,000 clients, steady rate", CPUPerEvent,
			"The same with 20 events a second and 1,000 subscribers.",
			"The latency is that of all subscribers, so p99 is close to the time until the last of them has the event.",
		},
		{
			"fanout-10000-rate", "10,000 clients, steady rate", CPUPerEvent,
			"The same with 2 events a second and 10,000 subscribers.",
			"It shows how long the last of ten thousand waits for news that the first already has.",
		},
	},
}

var manyTopics = family{
	name: "topics", title: "Many topics",
	scenarios: []scenario{
		{
			"topics-1000", "1,000 topics, saturated", CPUPerEvent,
			"One publisher sends events of 128 bytes to 1,000 topics in turn, each with one subscriber, and keeps 64 publications on their way.",
			"It is the hard case for a server that shares the work of an event among its clients: here everybody looks at another record.",
		},
		{
			"topics-1000-rate", "1,000 topics, steady rate", CPUPerEvent,
			"The same with 10,000 publications a second, whether or not the last one has arrived.",
			"Little waits in a queue here, so each event is a write of its own.",
		},
	},
}

var patterns = family{
	name: "patterns", title: "Patterns",
	scenarios: []scenario{
		{
			"patterns-100", "100 patterns", CPUPerPublication,
			"100 connections subscribe to 100 patterns, half of them prefixes and half wildcards, and each publication matches 4.",
			"It is what the next one is compared with.",
		},
		{
			"patterns-10000", "10,000 patterns", CPUPerPublication,
			"The same with 100 patterns for each connection, 10,000 in all, and 4 matches as before.",
			"A server that looks at each pattern for each publication gets slower with every client; one that does not stays where it was.",
		},
	},
	growth: &growth{
		"patterns-100", "patterns-10000",
		"From 100 to 10,000 patterns",
		"This is how many times the CPU time per publication becomes.",
	},
}

var wires = family{
	name: "wires", title: "Mixed clients, compression, encryption",
	scenarios: []scenario{
		{
			"mixed", "Mixed clients", CPUPerEvent,
			"As with 1,000 clients, saturated, but a quarter of them speaks version 1 of WAMP, and a quarter each version 2 as JSON, MessagePack and CBOR.",
			"It shows what it costs to keep old clients next to new ones.",
		},
		{
			"deflate", "Compression", CPUPerEvent,
			"As with 1,000 clients, 2 KiB, saturated, but the clients have agreed on permessage-deflate.",
			"An event is compressed once for all of them, so that bandwidth is saved for little CPU time.",
		},
		{
			"tls", "Encryption", CPUPerEvent,
			"As with 1,000 clients, saturated, but the server is the one that does TLS.",
			"Each client has keys of its own, so nobody can share this work; a proxy that does TLS has the same to do.",
		},
	},
}

var calls = family{
	name: "rpc", title: "Calls",
	scenarios: []scenario{
		{
			"rpc-sequential", "Calls one after the other", CPUPerCall,
			"A client calls a procedure of another client, waits for the result, and calls again; payload and result have 128 bytes.",
			"It shows how long a call takes that has the server to itself.",
		},
		{
			"rpc-pipelined", "Calls without waiting", CPUPerCall,
			"The same with 64 calls on their way.",
			"A second divided by the CPU time per call is how many calls a core routes in a second.",
		},
	},
}

var connections = family{
	name: "connections", title: "Connections",
	scenarios: []scenario{
		{
			"storm", "Everybody comes at once", CPUPerConnection,
			"3,000 clients connect as fast as the server takes them: TCP, upgrade, a signed ticket of their own (the floor asks for none), one subscription.",
			"This happens after a restart: CPU time per connection, times your clients, is how long a core is busy until all are back.",
		},
		{
			"storm-v1", "Everybody comes at once, version 1", CPUPerConnection,
			"The same with clients that speak version 1 of WAMP, and then events as with 1,000 clients, saturated, for 3,000.",
			"It shows whether old clients are dearer to bring back, and to serve.",
		},
		{
			"memory", "Memory at rest", RSSPerConnection,
			"Clients are connected, logged in and subscribed, and nothing happens: the memory with them, less that without them, divided by their number.",
			"This is what a client costs who only waits, which is what clients do most of the time.",
		},
	},
}

var overHTTP = family{
	name: "http", title: "Publishing over HTTP",
	scenarios: []scenario{
		{
			"http-publish", "Publications over HTTP", CPUPerPublication,
			"A backend publishes 128 bytes to one subscriber, a request for each publication, over 16 connections that it keeps.",
			"It is the usual way for a web application; with 1 client, saturated, the publisher has a connection instead.",
		},
	},
}

// scenarioOf describes a scenario; one that the page does not know has its name as title.
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
