package router

import (
	"testing"

	"github.com/tidings-io/tidings/internal/router/peer"
)

func TestUsersTenantsAndKeysOfOneNameHaveIdempotencyKeysOfTheirOwn(t *testing.T) {
	backend := publisherOf(&peer.Identity{ID: "erp", Backend: true})
	if backend != ByKey("erp") {
		t.Errorf("a key is %q over WAMP and %q over HTTP", backend, ByKey("erp"))
	}
	all := map[Publisher]bool{
		backend: true, ByProgram: true,
		publisherOf(&peer.Identity{ID: "erp"}): true, publisherOf(&peer.Identity{ID: "erp", Tenant: "acme"}): true,
	}
	if len(all) != 4 {
		t.Errorf("some are the same: %v", all)
	}
}
