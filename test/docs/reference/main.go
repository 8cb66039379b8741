// Command reference writes docs/configuration.md from the documentation of the configuration keys. go generate runs
// it.
package main

import (
	"log"
	"os"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: reference FILE")
	}
	if err := os.WriteFile(os.Args[1], []byte(config.Reference(server.Sections()...)), 0o644); err != nil {
		log.Fatal(err)
	}
}
