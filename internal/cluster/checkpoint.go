package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"
)

// checkpoint says how far a log has come at least.
type checkpoint struct {
	last   uint64    // the sequence number of the last entry; 0: none
	at     time.Time // when it was written
	cutoff cutoff
}

// cutoff refuses ids whose first use may have been forgotten.
type cutoff struct {
	before  time.Time // ids that were issued before are refused; zero: none is
	unknown bool      // ids of an unknown time are refused, too
}

// checkpointFile holds a checkpoint. It is written in place, after each entry, without waiting for the disk: after the
// death of the process it is exact, and after a power failure the log has at least as much as it says.
type checkpointFile struct{ path string }

const checkpointFormat = "tidings checkpoint 1 last=%020d at=%020d cutoff=%020d unknown=%d"

func (f checkpointFile) encode(c checkpoint) []byte {
	unknown := 0
	if c.cutoff.unknown {
		unknown = 1
	}
	line := fmt.Appendf(make([]byte, 0, 256), checkpointFormat, c.last, nanoseconds(c.at), nanoseconds(c.cutoff.before), unknown)
	sum := sha256.Sum256(line)
	return append(hex.AppendEncode(append(line, ' '), sum[:]), '\n')
}

// load returns an error that [isDamage] if the file is not as it was written.
func (f checkpointFile) load() (c checkpoint, found bool, err error) {
	content, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return checkpoint{}, false, nil
	}
	if err != nil {
		return checkpoint{}, false, err
	}
	var at, before, unknown int64
	if _, err = fmt.Sscanf(string(content), checkpointFormat, &c.last, &at, &before, &unknown); err == nil {
		c.at, c.cutoff.before, c.cutoff.unknown = timeOf(at), timeOf(before), unknown == 1
	}
	if err != nil || string(f.encode(c)) != string(content) {
		return checkpoint{}, false, damaged(fmt.Errorf("%s is not as it was written", f.path))
	}
	return c, true, nil
}

func (f checkpointFile) save(c checkpoint) error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(f.encode(c))
	return errors.Join(err, file.Close())
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}
