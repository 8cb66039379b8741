package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

// payloadFlags are the flags for a payload.
type payloadFlags struct {
	Words  []string `arg:"" optional:"" name:"arg" help:"Arguments: JSON, or text where it is none; key=value makes a named one. After -- they may begin with a dash."`
	Args   string   `name:"args" help:"All arguments as a JSON array, instead." placeholder:"JSON"`
	Kwargs string   `help:"All named arguments as a JSON object, instead." placeholder:"JSON"`
}

var namedArgument = regexp.MustCompile(`(?s)^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// payload writes the flags as JSON and decodes that with package wamp, so integers of any size stay exact.
func (p *payloadFlags) payload() (client.Payload, error) {
	args, kwargs, err := p.texts()
	if err != nil {
		return client.Payload{}, err
	}
	read, err := wamp.PayloadFromJSON(args, kwargs)
	if err != nil { // for a mistake that checkJSON does not see, such as a duplicate name
		return client.Payload{}, badUsage("the arguments cannot be sent: %v", err)
	}
	var made client.Payload
	var named wamp.Dict
	if err := read.Decode(&made.Args, &named); err != nil {
		return client.Payload{}, badUsage("the arguments cannot be sent: %v", err)
	}
	made.Kwargs = named
	return made, nil
}

// texts returns the flags as JSON: an array and an object.
func (p *payloadFlags) texts() (args, kwargs json.RawMessage, err error) {
	if args, kwargs, err = p.words(); err != nil {
		return nil, nil, err
	}
	if p.Args != "" {
		args = json.RawMessage(p.Args)
		if err := checkJSON(p.Args, '[', `--args takes a JSON array such as '[1, "two"]'`); err != nil {
			return nil, nil, err
		}
	}
	if p.Kwargs != "" {
		kwargs = json.RawMessage(p.Kwargs)
		if err := checkJSON(p.Kwargs, '{', `--kwargs takes a JSON object such as '{"id": 42}'`); err != nil {
			return nil, nil, err
		}
	}
	return args, kwargs, nil
}

// checkJSON returns an error that explains a mistake in the JSON of a flag. The usual reason is a shell that removes
// quotes.
func checkJSON(text string, begins byte, wanted string) error {
	var value json.RawMessage
	var syntax *json.SyntaxError
	switch err := json.Unmarshal([]byte(text), &value); {
	case errors.As(err, &syntax):
		return badUsage("%s, but this is no JSON at byte %d: %v: %s", wanted, syntax.Offset, syntax, text)
	case err != nil:
		return badUsage("%s: %v", wanted, err)
	case bytes.TrimLeft(value, " \t\r\n")[0] != begins:
		return badUsage("%s, not %s", wanted, text)
	}
	return nil
}

func (p *payloadFlags) words() (args, kwargs json.RawMessage, err error) {
	positional, named := []json.RawMessage{}, map[string]json.RawMessage{}
	for _, word := range p.Words {
		if parts := namedArgument.FindStringSubmatch(word); parts != nil {
			if _, twice := named[parts[1]]; twice {
				return nil, nil, badUsage("%s= is given twice", parts[1])
			}
			named[parts[1]] = valueOf(parts[2])
		} else {
			positional = append(positional, valueOf(word))
		}
	}
	switch {
	case p.Args != "" && len(positional) > 0:
		return nil, nil, badUsage("give arguments one by one or with --args, not both")
	case p.Kwargs != "" && len(named) > 0:
		return nil, nil, badUsage("give named arguments one by one or with --kwargs, not both")
	}
	if args, err = json.Marshal(positional); err != nil {
		return nil, nil, badUsage("the arguments cannot be sent: %v", err)
	}
	if kwargs, err = json.Marshal(named); err != nil {
		return nil, nil, badUsage("the named arguments cannot be sent: %v", err)
	}
	return args, kwargs, nil
}

// valueOf returns a word as JSON if it is valid JSON, and as a string otherwise. So 42, {"a":1} and hello need no
// quotes.
func valueOf(word string) json.RawMessage {
	if json.Valid([]byte(word)) {
		return json.RawMessage(word)
	}
	quoted, err := json.Marshal(word)
	if err != nil { // impossible: every string has a form in JSON
		return json.RawMessage(`""`)
	}
	return quoted
}
