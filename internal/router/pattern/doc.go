// Package pattern stores values under exact URIs, prefixes and wildcards, and finds those that match a
// URI. It also decides whether one pattern matches one URI.
//
// A [Map] never locks. An [Index] has the lock of the broker or of the dealer.
package pattern
