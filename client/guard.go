package client

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// guard calls a function of the program and recovers from its panic, so that other handlers go on. It reports whether
// the function has panicked.
func (c *Client) guard(what, uri string, call func()) (panicked bool) {
	defer func() {
		if fault := recover(); fault != nil {
			panicked = true
			c.logPanic(what, uri, fault)
		}
	}()
	call()
	return false
}

// logPanic logs a panic. Without a configured logger it goes to the program's default one: it is a fault that must be
// seen.
func (c *Client) logPanic(what, uri string, fault any) {
	logger := c.config.Logger
	if c.config.quiet {
		logger = slog.Default()
	}
	logger.Error("a function of the program panicked", "function", what, "uri", uri, "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
}

// panicError is the error of a function that panicked and should have returned an error.
func panicError(what string) error {
	return fmt.Errorf("%s panicked; the log says where", what)
}

// tellState calls OnState.
func (c *Client) tellState(change StateChange) {
	c.guard("Config.OnState", "", func() { c.config.OnState(change) })
}
