package main_test

import (
	"testing"

	"github.com/tidings-io/tidings/test/load/peers/peertest"
	"github.com/tidings-io/tidings/test/load/wire"
)

func TestMercureDeliversEachPublicationOnce(t *testing.T) { peertest.Delivers(t, wire.Mercure{}) }

func TestMercureRefusesTokensWithAnotherSignature(t *testing.T) { peertest.Refuses(t, wire.Mercure{}) }
