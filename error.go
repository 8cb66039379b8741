package tidings

import (
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Error is an error that clients see: a URI for programs and a sentence for people. A procedure returns one to choose
// the error that its caller gets; the server returns one for what it refuses. Its URIs are constants of package client:
//
//	if errors.Is(err, client.ErrNotAuthorized) { ... }
type Error = client.Error

// errNoContext is the error of a nil context, which is a mistake of the program.
var errNoContext = errors.New("the context is nil: use context.Background()")

// Errorf returns an [*Error] with a message.
func Errorf(uri, format string, args ...any) error {
	return &Error{URI: uri, Message: fmt.Sprintf(format, args...)}
}

// Refuse returns the error by which a handler refuses a request. The client is told the message. Any other error of a
// handler means that the handler failed, and the client is not told its text.
func Refuse(format string, args ...any) error {
	return &Error{URI: string(wamp.ErrNotAuthorized), Message: fmt.Sprintf(format, args...)}
}

// ConfigError lists all mistakes of a configuration, in the order of the file.
type ConfigError struct {
	Problems []Problem

	cause config.Problems
}

// Problem is one mistake of a configuration. Line and Column count from 1, and are 0 if the mistake is in no file.
type Problem struct {
	File         string
	Line, Column int
	Message      string // what is wrong
	Fix          string // what to do, if that is known
	text         string // all of it, on one line
}

func (e *ConfigError) Error() string { return e.cause.Error() }

// Unwrap returns the error of the package that read the configuration.
func (e *ConfigError) Unwrap() error { return e.cause }

// String returns the problem on one line, as compilers do: file:line:column: message; fix.
func (p Problem) String() string { return p.text }

// configError turns the problems of the configuration into the public type.
func configError(err error) error {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	public := &ConfigError{cause: problems}
	for _, p := range problems {
		public.Problems = append(public.Problems, Problem{
			File: p.File, Line: p.Line, Column: p.Column, Message: p.Message, Fix: p.Fix, text: p.String(),
		})
	}
	return public
}

// publicError turns the errors of the server's packages into the public type.
func publicError(err error) error {
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return &Error{URI: string(failure.URI), Message: failure.Message}
	}
	var callee *calls.Error
	if errors.As(err, &callee) {
		public := &Error{URI: string(callee.URI)}
		if payload, err := decode(callee.Payload); err == nil { // arguments that cannot be decoded are left out
			public.Payload = payload
		}
		if len(public.Args) > 0 {
			public.Message, _ = public.Args[0].(string)
		}
		return public
	}
	return err
}
