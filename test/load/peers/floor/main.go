// Command floor is the least that any server has to do who gives each subscriber of a topic what a
// publisher sent: read it, and write prepared bytes to sockets. It is one thread on raw epoll, without a
// library, a goroutine for each connection, or anything that a protocol would want: nobody logs in, and
// nothing is checked. What it costs is what the kernel costs; no server can be cheaper.
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

// mode is how much is written at once.
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
