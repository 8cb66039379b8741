// Package topic knows what is declared and who may: contracts of topics and procedures with typed
// patterns, rules over identity and parameters, and the schema of the payload, compiled into one
// [Table] that answers for every subscription, publication, call and registration.
//
// The package never keeps anything about a session or a subscription, never asks anybody else
// (that is package handler) and never opens a socket: schemas come from local files and are read
// once, when the table is compiled.
package topic
