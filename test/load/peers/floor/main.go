// Command floor does the minimum of a server that makes one system call for each subscriber: it reads publications
// and writes prepared bytes to sockets. It is one thread on raw epoll, without a library and without goroutines for
// connections. Clients do not log in, and nothing is checked. Its cost is little more than that of the kernel.
package main

import (
	"flag"
	"fmt"
	"log"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`host:port` to listen on")
	name := flag.String("mode", "each", "each: one write for each event and subscriber; coalesce: one for all that is queued for a subscriber")
	flag.String("secret", "", "not used: every peer takes it")
	flag.Parse()
	log.Fatalln(run(*listen, *name))
}

// mode selects how many events one write takes.
type mode uint8

const (
	each mode = iota
	coalesce
)

func run(address, name string) error {
	m, ok := map[string]mode{"each": each, "coalesce": coalesce}[name]
	if !ok {
		return fmt.Errorf("-mode %s: give each or coalesce", name)
	}
	f, err := newFloor(address, m)
	if err != nil {
		return err
	}
	fmt.Println("listening on", f.address)
	return f.serve()
}
