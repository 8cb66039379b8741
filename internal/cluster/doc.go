// Package cluster is the one engine for data that must last and data that nodes share: NATS JetStream. The server
// is embedded in the program and reached in process.
//
// The package offers key-value buckets with a lifetime ([Bucket]), single values with compare-and-swap ([Value]),
// and a guard against using one id twice ([ReplayGuard]). It opens no port, and never interprets what it stores:
// keys and ids are any text, values any bytes.
//
// With a data folder, a write is on the disk before it is acknowledged. Without one, all data is in memory and
// ends with the program.
//
// Connecting to the engine (connect.go) is apart from embedding it (embed.go): a connection only needs an address or
// a server in the same process.
package cluster
