package meter

import "time"

// Minutes is a time in minutes since the start of the router, in 24 bits: 31 years.
type Minutes [3]byte

// MinutesSince returns the minutes from the start until now.
func MinutesSince(started time.Time) Minutes {
	n := time.Since(started) / time.Minute
	return Minutes{byte(n), byte(n >> 8), byte(n >> 16)}
}

// After returns the time that is so many minutes after the start.
func (m Minutes) After(started time.Time) time.Time {
	n := time.Duration(m[0]) | time.Duration(m[1])<<8 | time.Duration(m[2])<<16
	return started.Add(n * time.Minute)
}
