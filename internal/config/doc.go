// Package config turns a YAML file, the environment and --set options into a [Config], and tells
// every mistake at once: where it is, what is wrong and how to mend it.
//
// The package knows keys, types, defaults and positions. It never opens what a value names (a
// socket, a certificate, a schema) and never compiles a pattern or a rule: that is for those who
// use them, and [Config.Problem] lets them report at the right place. A secret is never part of a
// message, an excerpt or a printed value.
package config
