//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// A node is a value of a message to forge: nil, bool, int, float64, string, []node, object, many or verbatim.
type node any

// object is a map whose entries keep their order, and may have a key twice.
type object []entry

type entry struct {
	key   string
	value node
}

// many is an array of n values that are equal.
type many struct {
	n     int
	value node
}

// numbered is a map of n entries with different keys.
type numbered struct {
	n     int
	value node
}

// verbatim is a value as it stands in the message, for one serialization each. Serializations without one get null.
type verbatim map[string]string

// forge makes a message. It checks nothing, so a message may be one that no encoder makes.
func forge(serialization string, value node) []byte {
	f := forger{kind: serialization}
	f.value(value)
	return f.out
}

type forger struct {
	kind string
	out  []byte
}

func (f *forger) value(value node) {
	switch v := value.(type) {
	case nil:
		f.pick("null", "\xc0", "\xf6", "Z")
	case bool:
		f.boolean(v)
	case int:
		f.integer(v)
	case string:
		f.text(v)
	case []node:
		f.array(len(v), func(i int) { f.value(v[i]) })
	case many:
		f.array(v.n, func(int) { f.value(v.value) })
	case object:
		f.object(len(v), func(i int) (string, node) { return v[i].key, v[i].value })
	case numbered:
		f.object(v.n, func(i int) (string, node) { return "k" + strconv.Itoa(i), v.value })
	case verbatim:
		if raw, ok := v[f.kind]; ok {
			f.out = append(f.out, raw...)
		} else {
			f.value(nil)
		}
	default:
		panic(fmt.Sprintf("forge: no form for a value of type %T", value))
	}
}

// pick appends one of four texts, by the serialization.
func (f *forger) pick(json, msgpack, cbor, ubjson string) {
	f.out = append(f.out, map[string]string{"json": json, "msgpack": msgpack, "cbor": cbor, "ubjson": ubjson}[f.kind]...)
}

func (f *forger) boolean(v bool) {
	if v {
		f.pick("true", "\xc3", "\xf5", "T")
	} else {
		f.pick("false", "\xc2", "\xf4", "F")
	}
}

func (f *forger) integer(v int) {
	switch f.kind {
	case "json":
		f.out = strconv.AppendInt(f.out, int64(v), 10)
	case "msgpack":
		f.out = binary.BigEndian.AppendUint64(append(f.out, 0xd3), uint64(v))
	case "cbor":
		f.head(0, v)
	default:
		f.out = binary.BigEndian.AppendUint64(append(f.out, 'L'), uint64(v))
	}
}

func (f *forger) text(v string) {
	switch f.kind {
	case "json":
		f.out = strconv.AppendQuote(f.out, v)
		return
	case "msgpack":
		f.sized(len(v), 31, 0xa0, 0xdb)
	case "cbor":
		f.head(3, len(v))
	default:
		f.out = append(f.out, 'S')
		f.length(len(v))
	}
	f.out = append(f.out, v...)
}

func (f *forger) array(n int, at func(int)) {
	f.open('[', n, 0x90, 0xdd, 4)
	for i := range n {
		f.comma(i)
		at(i)
	}
	f.close(']')
}

func (f *forger) object(n int, at func(int) (string, node)) {
	f.open('{', n, 0x80, 0xdf, 5)
	for i := range n {
		f.comma(i)
		key, value := at(i)
		switch f.kind {
		case "json":
			f.out = append(strconv.AppendQuote(f.out, key), ':')
		case "ubjson": // a key has no type
			f.length(len(key))
			f.out = append(f.out, key...)
		default:
			f.text(key)
		}
		f.value(value)
	}
	f.close('}')
}

// open begins an array or object: with a bracket, or with a header that has its length.
func (f *forger) open(bracket byte, n int, short, long, major byte) {
	switch f.kind {
	case "json", "ubjson":
		f.out = append(f.out, bracket)
	case "msgpack":
		f.sized(n, 15, short, long)
	default:
		f.head(major, n)
	}
}

// comma separates the elements of JSON.
func (f *forger) comma(i int) {
	if f.kind == "json" && i > 0 {
		f.out = append(f.out, ',')
	}
}

func (f *forger) close(bracket byte) {
	if f.kind == "json" || f.kind == "ubjson" {
		f.out = append(f.out, bracket)
	}
}

// sized appends a header of MessagePack: with the length in the first byte, or in 32 bits after it.
func (f *forger) sized(n, most int, short, long byte) {
	if n <= most {
		f.out = append(f.out, short|byte(n))
		return
	}
	f.out = binary.BigEndian.AppendUint32(append(f.out, long), uint32(n))
}

// head appends a header of CBOR.
func (f *forger) head(major byte, n int) {
	switch {
	case n < 24:
		f.out = append(f.out, major<<5|byte(n))
	case n < 1<<16:
		f.out = binary.BigEndian.AppendUint16(append(f.out, major<<5|25), uint16(n))
	default:
		f.out = binary.BigEndian.AppendUint64(append(f.out, major<<5|27), uint64(n))
	}
}

// length appends a length of UBJSON.
func (f *forger) length(n int) {
	f.out = binary.BigEndian.AppendUint32(append(f.out, 'l'), uint32(n))
}

// nested is an array in an array, n deep.
func nested(n int) node {
	var v node
	for range n {
		v = []node{v}
	}
	return v
}
