// Package cluster is the one engine for data that must last and data that nodes share: NATS JetStream. The server
// is embedded in the program and reached in process.
//
// The package offers key-value buckets with a lifetime ([Bucket]), single values with compare-and-swap ([Value]),
// a guard against using one id twice ([ReplayGuard]), and logs of records ([Log]). It opens no port, and never
// interprets what it stores: keys and ids are any text, values and records any bytes.
//
// With a data folder, a write is on the disk before it is acknowledged, unless a log is lazy. While the store is known
// not to accept writes, they are refused at once; it is reopened when it does again. What is damaged is noticed at the
// start, and replaced from copies or refused. Without a folder, all data is in memory and ends with the program; there
// are no server and no logs then.
//
// Connecting to the engine (connect.go) is apart from embedding it (embed.go): a connection only needs an address or
// a server in the same process.
package cluster
