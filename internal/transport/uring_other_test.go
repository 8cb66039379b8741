//go:build !linux

package transport

// HasRing reports whether the system has an io_uring to use.
func HasRing() bool { return false }
