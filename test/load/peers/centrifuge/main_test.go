package main_test

import (
	"testing"

	"github.com/tidings-io/tidings/test/load/peers/peertest"
	"github.com/tidings-io/tidings/test/load/wire"
)

func TestCentrifugeDeliversEachPublicationOnce(t *testing.T) {
	t.Run("JSON", func(t *testing.T) { peertest.Delivers(t, wire.CentrifugeJSON{}) })
	t.Run("Protobuf", func(t *testing.T) { peertest.Delivers(t, wire.CentrifugeProtobuf{}) })
}

func TestCentrifugeRefusesTicketsWithAnotherSignature(t *testing.T) {
	peertest.Refuses(t, wire.CentrifugeJSON{})
}
