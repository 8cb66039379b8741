// Package handler asks somebody else about what the rules of a contract have allowed already: a
// webhook, a WAMP procedure or a Go function may refuse a subscription or a publication with a
// reason, or replace what is published. It also publishes by itself, at an interval, while somebody
// listens.
//
// Questions are bounded in time and in number: who does not answer costs a waiting client, never a
// growing heap of goroutines. The package never allows what the contract refuses, and never asks a
// session about itself.
package handler
