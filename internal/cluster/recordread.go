package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
)

const (
	// readBatch and readBatchBytes bound what the engine sends ahead to a reader of a log.
	readBatch      = 512
	readBatchBytes = 4 << 20
	// statusHeader is in the message behind a batch, and in the answer that has nothing.
	statusHeader   = "Status"
	sequenceHeader = "Nats-Sequence"
)

// errRecord reports a record without its number, which the engine never sends.
var errRecord = errors.New("the engine has sent a record without a number")

// read calls see with the records from one number on, up to the last one that there is now. It leaves out what cannot
// be read.
func (s *recordStream) read(ctx context.Context, from uint64, see func(number uint64, record []byte) error) error {
	first, last, err := s.bounds(ctx)
	if err != nil {
		return err
	}
	for next := max(from, first); next <= last; {
		seen, err := s.readBatch(ctx, next, last, see)
		if err != nil {
			return err
		}
		next = max(seen, next) + 1 // a record that cannot be read ends a batch before it
	}
	return nil
}

// readBatch reads some records with a direct request, which needs no consumer. It returns the number of the last one,
// or 0 if there is none.
func (s *recordStream) readBatch(ctx context.Context, from, last uint64, see func(number uint64, record []byte) error) (seen uint64, err error) {
	request, err := json.Marshal(map[string]uint64{
		"seq": from, "batch": min(readBatch, last-from+1), "max_bytes": readBatchBytes,
	})
	if err != nil {
		return 0, err
	}
	inbox := s.conn.NewRespInbox()
	answers, err := s.conn.SubscribeSync(inbox)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answers.Unsubscribe() }() // fails only when the connection has ended
	if err := s.conn.PublishRequest("$JS.API.DIRECT.GET."+s.config.Name, inbox, request); err != nil {
		return 0, err
	}
	for {
		message, err := s.answer(ctx, answers)
		if err != nil {
			return seen, err
		}
		if message.Header.Get(statusHeader) != "" { // the end of the batch, or nothing can be read there
			return seen, nil
		}
		if seen, err = strconv.ParseUint(message.Header.Get(sequenceHeader), 10, 64); err != nil {
			return seen, errRecord
		}
		if len(message.Data) == 0 || seen > last {
			continue
		}
		if err := see(seen, message.Data); err != nil {
			return seen, err
		}
	}
}

// answer waits for the next answer to a request, for a bounded time.
func (s *recordStream) answer(ctx context.Context, answers *nats.Subscription) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, storeTimeout, errSlowRead)
	defer cancel()
	message, err := answers.NextMsgWithContext(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	return message, err
}

var errSlowRead = fmt.Errorf("the store has not answered for %s", storeTimeout)
