//go:build !linux

package systemd

// Reloading returns the state of a service that begins to reload.
func Reloading() string { return "RELOADING=1" }
