// Package backends_test calls the clients for backends, those of PHP, Python, Node.js and Go, as applications do: each
// in a process of its language, against the real server and against servers that fail.
package backends_test
