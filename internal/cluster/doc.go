// Package cluster is the one engine for what must last and what nodes must share: NATS JetStream,
// embedded in the program and reached in process.
//
// It offers key-value buckets with a lifetime per bucket ([Bucket]), one value that is watched
// ([Cell]), and things that may happen once ([Once]). It opens no port, and it never interprets
// what it stores: keys and ids are any text, values any bytes.
//
// With a data folder every write is on the disk before it is acknowledged; without one everything
// is in memory and ends with the program.
package cluster
