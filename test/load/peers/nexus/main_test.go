package main_test

import (
	"testing"

	"github.com/tidings-io/tidings/test/load/peers/peertest"
	"github.com/tidings-io/tidings/test/load/wire"
)

func TestNexusDeliversEachPublicationOnce(t *testing.T) {
	for name, serialization := range map[string]wire.Serialization{"JSON": wire.JSON, "MessagePack": wire.MessagePack} {
		t.Run(name, func(t *testing.T) {
			peertest.Delivers(t, wire.WAMP{Serialization: serialization, Login: wire.WithTicket})
		})
	}
}

func TestNexusRefusesTicketsWithAnotherSignature(t *testing.T) {
	peertest.Refuses(t, wire.WAMP{Serialization: wire.JSON, Login: wire.WithTicket})
}
