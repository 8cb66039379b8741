package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
)

var errBlock = errors.New("its records do not follow each other")

// checkBlocks returns an error that [isDamage] if the message blocks of a stream cannot be read. JetStream checks
// them late: it takes memory for each missing sequence number, so one flipped bit can take all that there is. The
// checksums of messages are left to JetStream, and to [stream].
func checkBlocks(streamDir string) error {
	blocks, err := filepath.Glob(filepath.Join(streamDir, "msgs", "*.blk"))
	if err != nil {
		return err
	}
	slices.SortFunc(blocks, func(a, b string) int { return len(a) - len(b) }) // 9 comes before 10
	var last uint64
	for _, path := range blocks {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if last, err = checkBlock(content, last); err != nil {
			return damaged(fmt.Errorf("%s: %w", path, err))
		}
	}
	return nil
}

// checkBlock checks the records of a block. last is the last sequence number of the block before; 0: there is none. It
// returns the last number of this block.
func checkBlock(content []byte, last uint64) (uint64, error) {
	for len(content) > 0 {
		if len(content) < recordHead+recordSum {
			return 0, errBlock
		}
		length := int(binary.LittleEndian.Uint32(content) &^ headerMark)
		marked := binary.LittleEndian.Uint64(content[4:])
		subject := int(binary.LittleEndian.Uint16(content[20:]))
		if length > min(len(content), maxRecord) || length < recordHead+subject+recordSum {
			return 0, errBlock
		}
		content = content[length:]
		sequence := marked & sequenceBits
		if last != 0 && (sequence > last+maxSequenceGap || sequence+maxSequenceGap < last) {
			return 0, errBlock
		}
		if marked&removalMark == 0 {
			last = max(last, sequence)
		}
	}
	return last, nil
}

// setBadStreamsAside takes the streams whose blocks cannot be read out of the store. Their buckets and guards notice
// that they are missing.
func (e *Engine) setBadStreamsAside() error {
	streams, err := filepath.Glob(filepath.Join(e.options.Dir, "jetstream", "*", "streams", "*"))
	if err != nil {
		return err
	}
	for _, dir := range streams {
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
