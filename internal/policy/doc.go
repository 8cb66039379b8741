// Package policy decides on requests: of sessions, of the HTTP API and of the program around the
// server. It compiles the contracts of a configuration and asks, in this order,
//
//	the scopes of the API key
//	whether the request registers or calls a procedure that decides
//	the rules and the schema of the contract
//	the external authorizer, if it applies
//	the hook of the contract, if it has one
//
// It also knows which publications of a topic are kept, and publishes at intervals on the topics
// whose contract says so.
//
// The package knows no feature: the contracts of features come in as declarations. It never
// authenticates, never delivers and holds no lock while it asks.
package policy
