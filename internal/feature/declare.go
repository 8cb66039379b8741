package feature

import (
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// Declarer is a section of the configuration that declares contracts below "tidings.".
type Declarer interface{ Declare() []Declaration }

// Admitter is a section of the configuration by which clients may log in.
type Admitter interface{ AdmitsClients() bool }

// Warner is a section of the configuration that may say what is rarely meant.
type Warner interface{ Warnings() []config.Problem }

// Declaration is a contract that the server makes: one of a feature, or one of the router's meta API.
// Its first component may be a reserved one. A part that the configuration wrote has a position, so
// that a mistake is reported where it stands.
type Declaration struct {
	Procedure bool        // a contract of procedures, not of topics
	Pattern   config.Text // without Prefix
	Prefix    string      // stands before Pattern in the URIs
	Doc       string

	// Section is the section of the configuration that has the contract, or the key of its only rule; "" if the
	// configuration has no part of it. Keys are the names of the rules in the section.
	Section string
	Keys    map[peer.Action]string

	// The rules; "" refuses all clients. Topics have the first two, procedures the others.
	Subscribe, Publish, Call, Register config.Text

	Keep   *config.Keep  // of topics: what is kept; nil: nothing
	Scope  httpapi.Scope // that an API key needs; "" for the scope of the action, such as publish or call
	Hidden bool          // not listed: the contract exists for its rule
	Yields bool          // to a contract of the configuration with the same pattern
}

// Sectioned is a section of the configuration whose patterns stand behind reserved prefixes.
type Sectioned interface{ Prefixes() []Prefix }

// Prefix stands in URIs before the patterns of a section. A refusal of such a URI names the section.
type Prefix struct {
	Procedure bool // a prefix of procedures, not of topics
	Text      string
	Section   string
}

// Always returns the rule that allows an action to every session.
func Always() config.Text { return Literal("true") }

// Literal returns a text that the configuration did not write.
func Literal(text string) config.Text { return config.Text{Value: text} }
