package wamp

import (
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// MaxArgumentValues limits the values in the arguments of a procedure of the server: a call of a few bytes must not
// stand for very many Go values.
const MaxArgumentValues = 1000

// Raw is one encoded value. The zero value is absent.
type Raw struct {
	s Serialization
	b []byte
	k serial.Kind
}

// IsList reports whether the value is a list.
func (v Raw) IsList() bool { return v.b != nil && v.k == serial.KindArray }

// IsDict reports whether the value is a dict.
func (v Raw) IsDict() bool { return v.b != nil && v.k == serial.KindMap }

// Parameters are the arguments that a procedure of the server takes. It may read other keyword arguments, too.
type Parameters struct {
	Names []string // of the positional arguments, which may be given as keyword arguments, too
	Raw   []string // arguments of any size: their value is a Raw
}

// Arguments returns the arguments of a payload by their names. Null is absent. The number of positional arguments is
// that of the payload; it is an error of the caller if there are more than names, and then only the first are read.
func (p Payload) Arguments(of Parameters) (given Dict, positional int, err error) {
	given = Dict{}
	a := argumentReader{of: of, given: given}
	if p.Kwargs != nil {
		a.open(p.Serialization, p.Kwargs)
		a.kwargs()
		if err := a.r.Done(); err != nil {
			return nil, 0, fmt.Errorf("read kwargs: %w", err)
		}
	}
	if p.Args != nil {
		a.open(p.Serialization, p.Args)
		positional = a.args()
		if a.r.Err() != nil {
			return nil, 0, fmt.Errorf("read args: %w", a.r.Err())
		}
	}
	return given.orEmpty(), positional, nil
}

func (d Dict) orEmpty() Dict {
	if d = d.withoutNulls(); d == nil {
		return Dict{}
	}
	return d
}

// argumentReader reads the two parts of a payload, which have their limit of values together.
type argumentReader struct {
	of    Parameters
	given Dict
	s     Serialization
	r     reader
}

func (a *argumentReader) open(s Serialization, part []byte) {
	values := a.r.values
	a.s, a.r = s, newReader(s, part)
	a.r.keep.values, a.r.values = MaxArgumentValues, values
}

func (a *argumentReader) kwargs() {
	t, _ := a.r.Next()
	if t.Kind != serial.KindMap {
		a.r.Fail(errNotPayload)
	}
	for i := 0; a.r.More(serial.KindMap, t.Length(), i); i++ {
		key := string(a.r.Key())
		if _, twice := a.given[key]; twice {
			a.r.Fail(serial.ErrDuplicate)
		}
		a.read(key)
	}
}

// args reads the positional arguments that have names, and returns the number of all positional arguments. An opaque
// payload is one argument.
func (a *argumentReader) args() (n int) {
	start := a.r.Offset()
	t, _ := a.r.Next()
	if t.Kind != serial.KindArray {
		a.r.Seek(start)
		a.positional(0)
		return 1
	}
	for ; a.r.More(serial.KindArray, t.Length(), n); n++ {
		a.positional(n)
	}
	return n
}

func (a *argumentReader) positional(i int) {
	if i < len(a.of.Names) {
		a.read(a.of.Names[i])
	} else {
		a.r.Skip(2)
	}
}

// read reads the value of an argument.
func (a *argumentReader) read(name string) {
	if !slices.Contains(a.of.Raw, name) {
		a.given[name] = a.r.value(2)
		return
	}
	raw, whole := a.r.Skip(2)
	a.given[name] = Raw{s: a.s, b: raw, k: whole.Kind}
	if whole.Kind == serial.KindNull {
		a.given[name] = nil
	}
}

// NewPublish returns the PUBLISH of a topic and the encoded values of its other elements, which may be absent. It is
// checked like that of a client.
func NewPublish(topic URI, options, args, kwargs Raw) (*Publish, error) {
	s := max(options.s, args.s, kwargs.s) // those that are absent have none, and the others the same
	w := serial.NewWriter(s, nil)
	o := w.OpenArray()
	w.Uint(uint64(CodePublish))
	w.Uint(1)
	if options.b != nil {
		w.Raw(options.b)
	} else {
		w.CloseMap(w.OpenMap())
	}
	w.Text(string(topic))
	if args.b != nil {
		w.Raw(args.b)
	} else {
		w.CloseArray(w.OpenArray())
	}
	if kwargs.b != nil {
		w.Raw(kwargs.b)
	}
	w.CloseArray(o)
	m, err := decode(s, w.Bytes(), keeping{known: true, values: MaxDetailsValues})
	if err != nil {
		return nil, err
	}
	return m.(*Publish), nil
}
