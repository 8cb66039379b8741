package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Once remembers what has happened and must not happen again, such as the use of a one-time ticket.
type Once struct{ bucket *Bucket }

// Once declares a bucket whose keys are things that may happen once. What has happened is
// forgotten after the bucket's TTL.
func (e *Engine) Once(options BucketOptions) *Once { return &Once{bucket: e.Bucket(options)} }

// Spend says that something happens and whether that is the first time, on whatever node. A thing
// that could still be tried after the bucket forgets it is an error. An error means that nobody
// knows: who gets one must refuse.
func (o *Once) Spend(ctx context.Context, id string, until time.Time) (fresh bool, err error) {
	if ttl := o.bucket.options.TTL; ttl > 0 && time.Until(until) > ttl {
		return false, fmt.Errorf("%q must be remembered until %s, but the bucket %q forgets after %s",
			id, until.Format(time.RFC3339), o.bucket.options.Name, ttl)
	}
	_, err = o.bucket.Create(ctx, id, nil)
	if errors.Is(err, ErrExists) {
		return false, nil
	}
	return err == nil, err
}
