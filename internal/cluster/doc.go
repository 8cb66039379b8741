// Package cluster is the one engine for data that must last and data that nodes share: NATS JetStream. The server
// is embedded in the program and reached in process.
//
// The package offers key-value buckets with a lifetime ([Bucket]), single values with compare-and-swap ([Value]),
// and a guard against using one id twice ([ReplayGuard]). It opens no port, and never interprets what it stores:
// keys and ids are any text, values any bytes.
//
// With a data folder, a write is on the disk before it is acknowledged. While the store is known not to accept writes,
// they are refused at once; it is reopened when it does again. What is damaged is noticed at the start, and replaced
// from copies or refused. Without a folder, all data is in memory and ends with the program; there is no server then.
//
// Connecting to the engine (connect.go) is apart from embedding it (embed.go): a connection only needs an address or
// a server in the same process.
package cluster
