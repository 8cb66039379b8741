package schema

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// DefaultSteps bounds the steps of a validation for each byte of the value. The densest values have one item in two
	// bytes, so each item can be held against 32 schemas.
	DefaultSteps = 16
	// freeSteps is what every validation has in addition. It is enough for a small value and a large schema.
	freeSteps = 20_000
)

// ErrTooCostly reports a validation that was stopped because it took too many steps.
var ErrTooCostly = errors.New("the value takes too many steps to validate")

// MismatchError reports a value that does not match its schema. Text has the first few mistakes with their places.
type MismatchError struct{ Text string }

// Error implements error.
func (e *MismatchError) Error() string { return e.Text }

// FaultError reports that the library panicked during a validation.
type FaultError struct {
	Fault any
	Stack []byte
}

// Error implements error.
func (e *FaultError) Error() string { return fmt.Sprintf("the validation panicked: %v", e.Fault) }

// LogValue implements [slog.LogValuer].
func (e *FaultError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("panic", fmt.Sprint(e.Fault)), slog.String("stack", string(e.Stack)))
}

// Schema is a compiled JSON Schema. It asserts formats (date-time, email ...). Safe for concurrent use.
type Schema struct {
	path     string
	location string // for the compiler of the loader
	source   []byte
	steps    int // for each byte of a value
	build    func() (*validator, error)
	idle     chan *validator
}

// Path returns the file as the declaration names it. A JSON Pointer may follow behind #.
func (s *Schema) Path() string { return s.path }

// Source returns the content of the file, a JSON document.
func (s *Schema) Source() []byte { return s.source }

// Validate validates a JSON text. It returns a [*MismatchError], [ErrTooCostly], a [*FaultError], or the error of ctx.
func (s *Schema) Validate(ctx context.Context, text []byte) error {
	value, err := decode(text)
	if err != nil {
		return &MismatchError{err.Error()}
	}
	v, err := s.take()
	if err != nil {
		return fmt.Errorf("compile schema %s again: %w", s.path, err)
	}
	err = v.validate(ctx, value, freeSteps+s.steps*len(text))
	if fault := (*FaultError)(nil); !errors.As(err, &fault) { // a validator that panicked is not used again
		s.giveBack(v)
	}
	return err
}

// take returns a validator that no goroutine uses. It compiles one more if all are in use.
func (s *Schema) take() (*validator, error) {
	select {
	case v := <-s.idle:
		return v, nil
	default:
		return s.build()
	}
}

func (s *Schema) giveBack(v *validator) {
	select {
	case s.idle <- v:
	default: // there are as many as can run at once
	}
}

func newSchema(path string, source []byte, steps int, build func() (*validator, error)) (*Schema, error) {
	first, err := build()
	if err != nil {
		return nil, err
	}
	s := &Schema{path: path, source: source, steps: steps, build: build}
	s.idle = make(chan *validator, runtime.GOMAXPROCS(0))
	s.idle <- first
	return s, nil
}

// validator is one copy of a compiled schema whose parts share a meter. One goroutine uses it at a time.
type validator struct {
	compiled *jsonschema.Schema
	meter    *meter
}

func (v *validator) validate(ctx context.Context, value any, steps int) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = &FaultError{Fault: fault, Stack: debug.Stack()}
		}
	}()
	v.meter.start(ctx, steps)
	mismatch := v.compiled.Validate(value)
	switch stopped := v.meter.stop(); {
	case stopped != nil:
		return stopped
	case mismatch != nil:
		return &MismatchError{complaints(mismatch, v.meter.mismatches < enoughMismatches)}
	default:
		return nil
	}
}
