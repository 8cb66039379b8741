package router_test

import (
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// inMemory opens the journal of most tests.
func inMemory(wamp.URI) router.Journal { return journal.New(journal.Options{}) }
