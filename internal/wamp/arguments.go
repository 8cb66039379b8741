package wamp

import (
	"fmt"
	"slices"
)

// MaxArgumentValues limits the values in the arguments of a procedure of the server: a call of a few bytes must not
// stand for very many Go values.
const MaxArgumentValues = 1000

// Raw is one encoded value. The zero value is absent.
type Raw struct {
	s Serialization
	b []byte
	k kind
}

// IsList reports whether the value is a list.
func (v Raw) IsList() bool { return v.b != nil && v.k == kindArray }

// IsDict reports whether the value is a dict.
func (v Raw) IsDict() bool { return v.b != nil && v.k == kindMap }

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
		if err := a.r.done(); err != nil {
			return nil, 0, fmt.Errorf("read kwargs: %w", err)
		}
	}
	if p.Args != nil {
		a.open(p.Serialization, p.Args)
		positional = a.args()
		if a.r.err != nil {
			return nil, 0, fmt.Errorf("read args: %w", a.r.err)
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
	t, _ := a.r.next()
	if t.kind != kindMap {
		a.r.fail(errNotPayload)
	}
	for i := 0; a.r.more(kindMap, t.length(), i); i++ {
		key := string(a.r.key())
		if _, twice := a.given[key]; twice {
			a.r.fail(errDuplicate)
		}
		a.read(key)
	}
}

// args reads the positional arguments that have names, and returns the number of all positional arguments. An opaque
// payload is one argument.
func (a *argumentReader) args() (n int) {
	start := a.r.pos
	t, _ := a.r.next()
	if t.kind != kindArray {
		a.r.pos = start
		a.positional(0)
		return 1
	}
	for ; a.r.more(kindArray, t.length(), n); n++ {
		a.positional(n)
	}
	return n
}

func (a *argumentReader) positional(i int) {
	if i < len(a.of.Names) {
		a.read(a.of.Names[i])
	} else {
		a.r.skip(2)
	}
}

// read reads the value of an argument.
func (a *argumentReader) read(name string) {
	if !slices.Contains(a.of.Raw, name) {
		a.given[name] = a.r.value(2)
		return
	}
	raw, whole := a.r.skip(2)
	a.given[name] = Raw{s: a.s, b: raw, k: whole.kind}
	if whole.kind == kindNull {
		a.given[name] = nil
	}
}

// NewPublish returns the PUBLISH of a topic and the encoded values of its other elements, which may be absent. It is
// checked like that of a client.
func NewPublish(topic URI, options, args, kwargs Raw) (*Publish, error) {
	s := max(options.s, args.s, kwargs.s) // those that are absent have none, and the others the same
	w := newWriter(s, nil)
	o := w.openArray()
	w.unsigned(uint64(CodePublish))
	w.unsigned(1)
	if options.b != nil {
		w.raw(options.b)
	} else {
		w.closeMap(w.openMap())
	}
	w.str(string(topic))
	if args.b != nil {
		w.raw(args.b)
	} else {
		w.closeArray(w.openArray())
	}
	if kwargs.b != nil {
		w.raw(kwargs.b)
	}
	w.closeArray(o)
	m, err := decode(s, w.dst, keeping{known: true, values: MaxDetailsValues})
	if err != nil {
		return nil, err
	}
	return m.(*Publish), nil
}
