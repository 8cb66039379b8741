package frame_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"strings"

	"github.com/tidings-io/tidings/internal/transport/frame"
)

// Bits and opcodes of the first byte of a frame.
const (
	fin  = 0x80
	rsv1 = 0x40

	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
)

const plainAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// feed gives a reader bytes, as many at a time as it has room for, and calls each for every complete message. It
// returns the code of the violation that ended it, or 0.
func feed(r frame.Reader, b []byte, each func(opcode frame.Opcode, payload []byte)) frame.Code {
	for len(b) > 0 {
		n := copy(r.Space(), b)
		r.Filled(n)
		b = b[n:]
		for {
			in, complete, wrong := r.Next()
			if wrong != nil {
				return wrong.Code
			}
			if !complete {
				break
			}
			each(in.Opcode, in.Payload)
		}
	}
	return 0
}

// masked makes a frame of a client.
func masked(first byte, payload string) []byte {
	var b []byte
	switch length := len(payload); {
	case length < 126:
		b = []byte{first, 0x80 | byte(length)}
	case length < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(length))
	default:
		b = binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(length))
	}
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

// raw makes a RawSocket frame.
func raw(kind byte, payload string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(kind)<<24|uint32(len(payload))), payload...)
}

func closePayload(code uint16, text string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + text
}

// deflated compresses as a client does.
func deflated(message string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	io.WriteString(w, message)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}
