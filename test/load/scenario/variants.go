package scenario

import (
	"strconv"

	"github.com/tidings-io/tidings/test/load/servers"
	"github.com/tidings-io/tidings/test/load/wire"
)

// The servers that are compared, and the dialects of their clients.
var (
	floorEach     = Variant{"floor-each", servers.Spec{Program: servers.Floor, Args: []string{"-mode", "each"}}, wire.Floor{}}
	floorCoalesce = Variant{"floor-coalesce", servers.Spec{Program: servers.Floor, Args: []string{"-mode", "coalesce"}}, wire.Floor{}}

	tidings        = onTidings("tidings", wire.WAMP{Serialization: wire.JSON})
	tidingsAlone   = withArgs(onTidings("tidings-alone", wire.WAMP{Serialization: wire.JSON}), "--set", "websocket.io_uring=false")
	tidingsJSON    = onTidings("tidings-json", wire.WAMP{Serialization: wire.JSON})
	tidingsMsgpack = onTidings("tidings-msgpack", wire.WAMP{Serialization: wire.MessagePack})
	tidingsDeflate = onTidings("tidings-deflate", wire.WAMP{Serialization: wire.JSON, Compression: wire.Compressed})
	tidingsMixed   = onTidings("tidings-mixed", wire.WAMP{Serialization: wire.JSON})
	tidingsTLS     = encrypted(onTidings("tidings-tls", wire.WAMP{Serialization: wire.JSON}))

	nexusJSON    = onNexus("nexus-json", wire.JSON)
	nexusMsgpack = onNexus("nexus-msgpack", wire.MessagePack)

	centrifugeJSON         = Variant{"centrifuge-json", servers.Spec{Program: servers.Centrifuge}, wire.CentrifugeJSON{}}
	centrifugeProtobuf     = Variant{"centrifuge-protobuf", servers.Spec{Program: servers.Centrifuge}, wire.CentrifugeProtobuf{}}
	tidingsKept            = keeping(withPositions("tidings-kept", wire.JSON), servers.KeepInMemory)
	tidingsKeptMsgpack     = keeping(withPositions("tidings-kept-msgpack", wire.MessagePack), servers.KeepInMemory)
	tidingsStored          = keeping(withPositions("tidings-stored", wire.JSON), servers.KeepOnDisk)
	centrifugeKeptJSON     = Variant{"centrifuge-kept-json", centrifugeWithHistory, wire.CentrifugeJSON{}}
	centrifugeKeptProtobuf = Variant{"centrifuge-kept-protobuf", centrifugeWithHistory, wire.CentrifugeProtobuf{}}

	mercure = Variant{"mercure", servers.Spec{Program: servers.Mercure}, wire.Mercure{}}
)

// centrifugeWithHistory keeps in memory and recovers.
var centrifugeWithHistory = servers.Spec{Program: servers.Centrifuge, Args: []string{"-history", strconv.Itoa(servers.Kept)}}

// withPositions is Tidings with subscribers that ask for positions.
func withPositions(name string, s wire.Serialization) Variant {
	return onTidings(name, wire.WAMP{Serialization: s, Positions: true})
}

func keeping(v Variant, what servers.Keep) Variant {
	v.Server.Keep = what
	return v
}

func onTidings(name string, dialect wire.WAMP) Variant {
	dialect.Login = wire.WithTicketOrKey
	return Variant{name, servers.Spec{Program: servers.Tidings}, dialect}
}

func onNexus(name string, s wire.Serialization) Variant {
	return Variant{name, servers.Spec{Program: servers.Nexus}, wire.WAMP{Serialization: s, Login: wire.WithTicket}}
}

func encrypted(v Variant) Variant {
	v.Server.Encryption = servers.TLS
	return v
}

func withArgs(v Variant, args ...string) Variant {
	v.Server.Args = args
	return v
}

// The usual selections.
var (
	allVariants  = []Variant{floorEach, floorCoalesce, tidings, tidingsAlone, centrifugeJSON, centrifugeProtobuf, nexusJSON, nexusMsgpack, mercure}
	withJSON     = []Variant{floorEach, floorCoalesce, tidings, centrifugeJSON, nexusJSON}
	whatIsKept   = []Variant{tidings, tidingsKept, tidingsKeptMsgpack, centrifugeKeptJSON, centrifugeKeptProtobuf}
	withoutNexus = []Variant{floorEach, floorCoalesce, tidings, centrifugeJSON}
	channels     = allVariants[:len(allVariants)-1] // without mercure, whose publishers need no connection
)

// All returns all scenarios in the order of measurement.
func All() []Scenario {
	var all []Scenario
	for _, family := range [][]Scenario{fanouts(), topics(), kept(), stored(), resumes(), patterns(), wires(), calls(), storms(), memory(), overHTTP()} {
		all = append(all, family...)
	}
	return all
}
