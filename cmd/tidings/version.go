package main

import (
	"fmt"
	"runtime"

	"github.com/tidings-io/tidings/internal/server"
)

type versionCommand struct{ outputFlag }

// Help is shown by --help.
func (versionCommand) Help() string {
	return `Example:
  tidings version --json`
}

// Run is called by kong.
func (c *versionCommand) Run(s streams) error {
	if c.JSON {
		return printJSON(s.out, map[string]string{"version": server.Version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	fmt.Fprintf(s.out, "tidings %s (%s, %s/%s)\n", server.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
