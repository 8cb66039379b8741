package serial

import (
	"bytes"
	"errors"
	"fmt"
	"time" //nolint:depguard // formats times, and reads no clock
)

var errTime = errors.New("has a time that is malformed, or outside of the range of JavaScript's dates")

// maxSeconds is the range of JavaScript's dates, 100,000,000 days around 1970.
const maxSeconds = 100_000_000 * 24 * 60 * 60

// timeText returns a time as the text that a JavaScript Date has in JSON: ISO 8601 in UTC with milliseconds, and with
// more digits only for a time that needs them.
func timeText(seconds, nanoseconds int64) ([]byte, error) {
	if seconds < -maxSeconds || seconds > maxSeconds || nanoseconds < 0 || nanoseconds >= int64(time.Second) {
		return nil, errTime
	}
	t := time.Unix(seconds, nanoseconds).UTC()
	layout := "2006-01-02T15:04:05.000Z"
	switch {
	case nanoseconds%int64(time.Microsecond) != 0:
		layout = "2006-01-02T15:04:05.000000000Z"
	case nanoseconds%int64(time.Millisecond) != 0:
		layout = "2006-01-02T15:04:05.000000Z"
	}
	if t.Year() < 0 || t.Year() > 9999 {
		return t.AppendFormat(fmt.Appendf(nil, "%+07d", t.Year()), layout[len("2006"):]), nil
	}
	var text [64]byte
	return bytes.Clone(t.AppendFormat(text[:0], layout)), nil
}
