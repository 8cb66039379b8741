package main

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/config"
)

type keyCommand struct {
	Name string `help:"Name of the backend, for the lines to copy." default:"backend" placeholder:"NAME"`
	outputFlag
}

// Help is shown by --help.
func (keyCommand) Help() string {
	return `Example:
  tidings key --name erp

The backend gets the key; the configuration gets its hash, so that the file holds no secret.`
}

// Run is called by kong.
func (c *keyCommand) Run(s streams) error {
	if err := config.CheckKeyName(c.Name); err != nil {
		return badUsage("--name %v", err)
	}
	key := auth.NewKey()
	hash := auth.Hash(key)
	if c.JSON {
		return printJSON(s.out, map[string]string{"name": c.Name, "key": key, "hash": hash})
	}
	_, err := fmt.Fprintf(s.out, `key   %s
hash  %s

For tidings.yaml:

api_keys:
  - {name: %s, hash: "%s", may: [publish, tickets]}
`, key, hash, c.Name, hash)
	return err
}
