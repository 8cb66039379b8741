// Package oro serves applications of OroPlatform in the place of their own WebSocket server: pages and backends that
// speak WAMP version 1, with Oro's tickets and topics.
//
//	config.go           the section of the configuration
//	settings.go         what it leaves out: Oro's environment, and its parameters.yml (parameters.go)
//	address.go          the addresses in there, where Oro's own server would listen
//	users.go            what is known of a user, and where it is asked
//	cache.go            users that were found in the last seconds, and a bound of questions
//	database.go         users from the application's database: PostgreSQL and MySQL (database_*.go)
//	data_source.go      the database's URL, as Doctrine writes it
//	webhook.go          users from a webhook
//	application_url.go  where the application says that it is
//	ticket.go           Oro's tickets: their form, their time, and their digest
//	digests.go          the queue for digests, in which backends go first
//	redeem.go           the road of a login, with redeem_check.go, redeem_backend.go and redeem_outcome.go
//
// The section "Oro" of the protocol's documentation has what clients see, and ADR 31 the design.
package oro
