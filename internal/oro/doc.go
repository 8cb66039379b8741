// Package oro serves applications of OroPlatform in the place of their own WebSocket server: pages and backends that
// speak WAMP version 1, with Oro's tickets and topics.
//
//	config.go     the section of the configuration
//	users.go      what is known of a user, and where it is asked
//	ticket.go     Oro's tickets: their form, their time, and their digest
//	digests.go    the queue for digests, in which backends go first
//	redeem.go     the road of a login, with redeem_check.go, redeem_backend.go and redeem_outcome.go
//
// The section "Oro" of the protocol's documentation has what clients see, and ADR 31 the design.
package oro
