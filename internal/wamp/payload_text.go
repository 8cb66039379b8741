package wamp

import "github.com/tidings-io/tidings/internal/wamp/serial"

// FirstText returns the first positional argument if it is a string, as the text of an ERROR is. It makes no values of
// the others.
func (p Payload) FirstText() (text string, ok bool) {
	if p.Args == nil {
		return "", false
	}
	r := serial.NewReader(p.Serialization, p.Args)
	t, data := r.Next()
	if t.Kind == serial.KindArray {
		if !r.More(serial.KindArray, t.Length(), 0) {
			return "", false
		}
		t, data = r.Next()
	}
	t, data = t.Resolve(data)
	return string(data), t.Kind == serial.KindText && r.Err() == nil
}
