package server

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// procedurePing answers at once. A client calls it to learn whether its connection still works, because browsers
// cannot send WebSocket pings.
const procedurePing wamp.URI = "tidings.ping"

func pingDeclaration() feature.Declaration {
	return feature.Declaration{
		Procedure: true, Pattern: feature.Literal(string(procedurePing)), Doc: "Answers at once: the connection works.",
		Call: feature.Always(),
	}
}

// registerPing registers procedurePing for the life of the realm.
func (s *Server) registerPing() error {
	_, err := s.realm.Register(router.LocalProcedure{Procedure: procedurePing, Handler: ping})
	if err != nil {
		return fmt.Errorf("register %s: %w", procedurePing, err)
	}
	return nil
}

func ping(context.Context, router.LocalInvocation) (wamp.Payload, error) { return wamp.Payload{}, nil }
