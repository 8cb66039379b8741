package wamp

import (
	"fmt"
	"maps"
	"strings"
)

// options are the keys of Options and Details that we know, with what their values must be. A
// value of another type is a protocol violation; keys that are not here are nobody's business but
// the application's (WAMP, "Options and Details").
type options map[string]*option

type option struct {
	name    string // the key again: a string that decoded dicts share
	want    string // for the message
	accepts func(v any) bool
}

// find gives the string for a key, without making one for a known key, and what is known about it.
func (o options) find(raw []byte) (string, *option) {
	if known := o[string(raw)]; known != nil {
		return known.name, known
	}
	return string(raw), nil
}

// check finds a value that the key may not have. Null is as good as absent: clients in JavaScript
// send it for options that were not set, where the serialization has a form for undefined.
func (o *option) check(key string, v any) error {
	if o == nil || v == nil || o.accepts(v) {
		return nil
	}
	return fmt.Errorf("%s must be %s", key, o.want)
}

// The kinds of values.
var (
	aBool    = &option{want: "a boolean", accepts: func(v any) bool { _, ok := v.(bool); return ok }}
	aString  = &option{want: "a string", accepts: isString}
	aDict    = &option{want: "a dict", accepts: func(v any) bool { _, ok := v.(Dict); return ok }}
	anID     = &option{want: "an id", accepts: func(v any) bool { _, ok := asID(v); return ok }}
	aCount   = &option{want: "an integer, not negative", accepts: func(v any) bool { n, ok := asInt(v); return ok && n >= 0 }}
	ids      = &option{want: "a list of ids", accepts: func(v any) bool { _, ok := listOf(v, asID); return ok }}
	someText = &option{want: "a list of strings", accepts: func(v any) bool {
		_, ok := listOf(v, func(v any) (struct{}, bool) { return struct{}{}, isString(v) })
		return ok
	}}
	dicts     = &option{want: "a list of dicts", accepts: func(v any) bool { _, ok := listOf(v, asDict); return ok }}
	matchName = &option{want: "exact, prefix or wildcard", accepts: func(v any) bool {
		name, ok := v.(string)
		_, err := ParseMatch(name)
		return ok && name != "" && err == nil
	}}
	encAlgo = &option{want: "null, cryptobox, mqtt, xbr or a name that begins with x_", accepts: func(v any) bool {
		name, _ := v.(string)
		switch name {
		case "null", "cryptobox", "mqtt", "xbr":
			return true
		default:
			return strings.HasPrefix(name, "x_")
		}
	}}
	roles = &option{want: "a dict of roles, each a dict whose features, if any, are booleans", accepts: areRoles}
)

// isString refuses strings that begin with U+0000: in JSON they would arrive as binaries.
func isString(v any) bool {
	s, ok := v.(string)
	return ok && !strings.HasPrefix(s, "\x00")
}

// roleNames are the roles that a HELLO or a WELCOME may announce.
var roleNames = [...]string{"publisher", "subscriber", "caller", "callee", "broker", "dealer"}

func areRoles(v any) bool {
	all, ok := v.(Dict)
	if !ok {
		return false
	}
	announced := 0
	for _, name := range roleNames {
		role, ok := all[name]
		if !ok {
			continue
		}
		announced++
		if !isRole(role) {
			return false
		}
	}
	return announced > 0
}

func isRole(v any) bool {
	role, ok := v.(Dict)
	if !ok {
		return false
	}
	features, ok := role["features"]
	if !ok {
		return true
	}
	named, ok := features.(Dict)
	if !ok {
		return false
	}
	for _, on := range named {
		if _, ok := on.(bool); !ok {
			return false
		}
	}
	return true
}

// table makes options of groups; a later group wins.
func table(groups ...options) options {
	all := options{}
	for _, group := range groups {
		maps.Copy(all, group)
	}
	for key, o := range all {
		named := *o
		named.name = key
		all[key] = &named
	}
	return all
}

// What several messages have in common.
var (
	// The payload is the application's own encoding: WAMP, "Payload Passthru Mode" (ppt) and
	// autobahn's older dialect of it (enc).
	passthru = options{
		"ppt_scheme": aString, "ppt_serializer": aString, "ppt_cipher": aString, "ppt_keyid": aString,
		"enc_algo": encAlgo, "enc_key": aString, "enc_serializer": aString,
	}
	// Not in the specification, but typed in its test vectors.
	forwarded = options{"forward_for": dicts, "transaction_hash": aString}
	farewell  = options{"message": aString, "resumable": aBool}
)

// The known keys of each message that has Options, Details or Extra.
var (
	helloDetails = table(options{
		"roles": roles, "agent": aString,
		"authmethods": someText, "authid": aString, "authrole": aString, "authextra": aDict,
	})
	welcomeDetails = table(options{
		"roles": roles, "agent": aString, "realm": aString,
		"authid": aString, "authrole": aString, "authmethod": aString, "authprovider": aString, "authextra": aDict,
	})
	farewellDetails = table(farewell)
	noneKnown       = options(nil)

	errorDetails   = table(passthru, forwarded)
	publishOptions = table(passthru, forwarded, options{
		"acknowledge": aBool, "exclude_me": aBool, "disclose_me": aBool, "retain": aBool,
		"exclude": ids, "exclude_authid": someText, "exclude_authrole": someText,
		"eligible": ids, "eligible_authid": someText, "eligible_authrole": someText,
		"rkey": aString,
	})
	subscribeOptions = table(forwarded, options{"match": matchName, "get_retained": aBool, "nkey": aString})
	eventDetails     = table(passthru, forwarded, options{
		"publisher": anID, "publisher_authid": aString, "publisher_authrole": aString,
		"topic": aString, "retained": aBool, "trustlevel": aCount, "x_acknowledged_delivery": aBool,
	})
	callOptions = table(passthru, forwarded, options{
		"timeout": aCount, "receive_progress": aBool, "progress": aBool, "disclose_me": aBool,
		"rkey": aString, "runmode": aString,
	})
	cancelOptions   = table(forwarded, options{"mode": aString})
	resultDetails   = table(passthru, forwarded, options{"progress": aBool})
	registerOptions = table(forwarded, options{
		"match": matchName, "invoke": aString, "concurrency": aCount, "disclose_caller": aBool, "forward_timeout": aBool,
		"force_reregister": aBool,
	})
	invocationDetails = table(passthru, forwarded, options{
		"caller": anID, "caller_authid": aString, "caller_authrole": aString, "procedure": aString,
		"trustlevel": aCount, "timeout": aCount, "receive_progress": aBool, "progress": aBool,
	})
	interruptOptions    = table(forwarded, options{"mode": aString, "reason": aString})
	yieldOptions        = table(passthru, forwarded, options{"progress": aBool})
	unsubscribedDetails = table(options{"subscription": anID, "reason": aString})
	unregisteredDetails = table(options{"registration": anID, "reason": aString})
)
