// Package pattern stores values under exact URIs, prefixes and wildcards, and finds those that match a
// URI. It also decides whether one pattern matches one URI.
//
// It never locks: the broker and the dealer guard their maps.
package pattern
