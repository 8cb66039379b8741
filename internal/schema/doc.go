// Package schema compiles JSON Schemas from local files, and validates JSON values against them within bounds. A value
// comes from a client that may be hostile, and a schema may be such that a small value is expensive: so a validation
// counts its steps, stops when its context ends, stops soon after the first mistakes, and survives a fault of the
// library that does the work.
//
// The package never opens a socket, and reads files only while it compiles.
package schema
