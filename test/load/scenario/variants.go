package scenario

import (
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

	centrifugeJSON     = Variant{"centrifuge-json", servers.Spec{Program: servers.Centrifuge}, wire.CentrifugeJSON{}}
	centrifugeProtobuf = Variant{"centrifuge-protobuf", servers.Spec{Program: servers.Centrifuge}, wire.CentrifugeProtobuf{}}
	mercure            = Variant{"mercure", servers.Spec{Program: servers.Mercure}, wire.Mercure{}}
)

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
	withoutNexus = []Variant{floorEach, floorCoalesce, tidings, centrifugeJSON}
	channels     = allVariants[:len(allVariants)-1] // without mercure, whose publishers need no connection
)

// All returns all scenarios in the order of measurement.
func All() []Scenario {
	var all []Scenario
	for _, family := range [][]Scenario{fanouts(), topics(), patterns(), wires(), calls(), storms(), memory(), overHTTP()} {
		all = append(all, family...)
	}
	return all
}
