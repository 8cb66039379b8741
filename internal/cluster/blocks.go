package cluster

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The layout of a record in a message block of JetStream (filestore.go, writeMsgRecord):
//
//	4 bytes   length of the record; the highest bit: it has a header
//	8 bytes   sequence number; the highest bit: it is erased, the next one: it marks a removal
//	8 bytes   time
//	2 bytes   length of the subject
//	          subject, message
//	8 bytes   checksum
const (
	recordHead     = 22
	recordSum      = 8
	maxRecord      = 32 << 20
	removalMark    = 1 << 62
	sequenceBits   = removalMark - 1
	headerMark     = 1 << 31
	maxSequenceGap = 1 << 20
	// indexName is the name of the index of a stream, which JetStream makes again.
	indexName = "index.db"
)

var errBlock = errors.New("its records do not follow each other")

// checkBlocks returns an error that [isDamage] if the message blocks of a stream cannot be read. JetStream checks
// them late: it takes memory for each missing sequence number, so one flipped bit can take all that there is. The
// checksums of messages are left to JetStream, and to [stream].
func checkBlocks(streamDir string) error {
	return eachBlock(streamDir, func(path string, _ []byte, _ int, err error) error {
		if err != nil {
			return damaged(fmt.Errorf("%s: %w", path, err))
		}
		return nil
	})
}

// eachBlock calls see with each message block of a stream, in order: with its content, the length of the part that can
// be read, and why the rest cannot.
func eachBlock(streamDir string, see func(path string, content []byte, good int, err error) error) error {
	blocks, err := filepath.Glob(filepath.Join(streamDir, "msgs", "*.blk"))
	if err != nil {
		return err
	}
	slices.SortFunc(blocks, func(a, b string) int { // 9 comes before 10
		return cmp.Or(len(a)-len(b), strings.Compare(a, b))
	})
	var last uint64
	for _, path := range blocks {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		good, now, bad := checkBlock(content, last)
		if err := see(path, content, good, bad); err != nil {
			return err
		}
		last = now
	}
	return nil
}

// checkBlock checks the records of a block. last is the last sequence number of the block before; 0: there is none. It
// returns the length of the part that can be read, and the last number in it.
func checkBlock(content []byte, last uint64) (good int, _ uint64, _ error) {
	for good < len(content) {
		rest := content[good:]
		if len(rest) < recordHead+recordSum {
			return good, last, errBlock
		}
		length := int(binary.LittleEndian.Uint32(rest) &^ headerMark)
		marked := binary.LittleEndian.Uint64(rest[4:])
		subject := int(binary.LittleEndian.Uint16(rest[20:]))
		if length > min(len(rest), maxRecord) || length < recordHead+subject+recordSum {
			return good, last, errBlock
		}
		sequence := marked & sequenceBits
		if last != 0 && (sequence > last+maxSequenceGap || sequence+maxSequenceGap < last) {
			return good, last, errBlock
		}
		good += length
		if marked&removalMark == 0 {
			last = max(last, sequence)
		}
	}
	return good, last, nil
}

// cutBadBlocks keeps the part of each block of a log that can be read. A full disk and a power failure leave a part of
// a record at the end, which is cut off in place. Longer ends are set aside.
func (e *Engine) cutBadBlocks(streamDir string) error {
	return eachBlock(streamDir, func(path string, content []byte, good int, err error) error {
		if err == nil {
			return nil
		}
		if err := os.Remove(filepath.Join(streamDir, "msgs", indexName)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		rest := len(content) - good
		if rest < MaxRecord {
			e.log.Info("a file of the data folder ends with a part of a record, which is cut off", "file", path, "bytes", rest)
			return os.Truncate(path, int64(good))
		}
		e.log.Warn("the end of a file of the data folder cannot be read, and is cut off", "file", path, "bytes", rest)
		if err := e.setAside(path, filepath.Base(streamDir)+"."+filepath.Base(path)); err != nil {
			return err
		}
		if good == 0 {
			return nil
		}
		return writeSynced(path, content[:good])
	})
}

// setBadStreamsAside takes the streams whose blocks cannot be read out of the store. Their buckets and guards notice
// that they are missing.
func (e *Engine) setBadStreamsAside() error {
	streams, err := filepath.Glob(filepath.Join(e.options.Dir, "jetstream", "*", "streams", "*"))
	if err != nil {
		return err
	}
	for _, dir := range streams {
		if strings.HasPrefix(filepath.Base(dir), logPrefix) {
			if err := e.cutBadBlocks(dir); err != nil {
				return fmt.Errorf("read the store: %w", err)
			}
			continue
		}
		err := checkBlocks(dir)
		if !isDamage(err) {
			if err != nil {
				return fmt.Errorf("read the store: %w", err)
			}
			continue
		}
		e.log.Warn("a part of the data folder is damaged, and is not used any more", "error", err)
		if err := e.setAside(dir, filepath.Base(dir)); err != nil {
			return err
		}
	}
	return nil
}
