package main

import (
	"github.com/tidings-io/tidings/client"
)

// paramFlags make a topic or procedure of a contract.
type paramFlags struct {
	Param map[string]string `help:"A parameter of the contract that is given in place of a name; may be repeated. What cannot stand in a name is encoded." placeholder:"NAME=VALUE" mapsep:"none"`
}

// name returns what an argument means: a contract, if parameters are given.
func (p *paramFlags) name(argument string) (string, error) {
	if len(p.Param) == 0 {
		return argument, nil
	}
	name, err := client.Topic(argument, p.Param)
	if err != nil {
		return "", badUsage("%v", err)
	}
	return name, nil
}
