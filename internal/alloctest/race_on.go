//go:build race

package alloctest

// Race reports whether the race detector is on.
const Race = true
