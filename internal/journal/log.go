package journal

import "context"

// Log stores records in one order, which all nodes share. Its numbers only grow. Safe for concurrent use.
type Log interface {
	// Append stores a record behind all others and returns its number. After an error the record may be in the log or
	// not.
	Append(ctx context.Context, record []byte) (number uint64, err error)
	// Read calls see with the records from one number on, oldest first, up to the last one that there is. It leaves out
	// what cannot be read: the numbers show that. It ends with the first error of see.
	Read(ctx context.Context, from uint64, see func(number uint64, record []byte) error) error
	// Trim forgets the records before a number.
	Trim(ctx context.Context, before uint64) error
	// Known returns the number of the last record that was acknowledged, as far as is known: a log that ends before
	// has lost its end. 0: no record was.
	Known(ctx context.Context) (number uint64, err error)
	// Ready returns why Append would fail, or nil. It must not block.
	Ready() error
}
