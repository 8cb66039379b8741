// Package alloctest is for tests of what code allocates. The race detector allocates as well, so such tests run only
// without it: `make memory`.
package alloctest

import (
	"runtime"
	"testing"
)

// SkipWithRace skips a test if the race detector is on.
func SkipWithRace(t testing.TB) {
	t.Helper()
	if Race {
		t.Skip("runs without -race, as by make memory: the race detector allocates as well")
	}
}

// Bytes returns the bytes that f allocates, on all goroutines.
func Bytes(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// WarmBytes is Bytes for the second run of f, which finds pools filled.
func WarmBytes(f func()) int {
	f()
	return Bytes(f)
}
