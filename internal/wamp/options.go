package wamp

import (
	"maps"
	"strings"
)

// options maps the known keys of Options and Details to the values that are allowed. Another value is a
// protocol violation. Unknown keys belong to the application and are not checked (WAMP, "Options and Details").
type options map[string]*option

type option struct {
	name      string // the key: decoded dicts share this string
	want      string // the allowed values, for the error text
	form      optionForm
	receivers bool             // a list of receivers of a PUBLISH
	dicts     int              // how many levels of the value are dicts
	accepts   func(v any) bool // unless form is a list
}

// optionForm says how the value of an option is read.
type optionForm uint8

const (
	formScalar  optionForm = iota
	formIDs                // []ID
	formStrings            // []string
	formDicts              // []any of Dict; a server only checks it
	formAny
)

// key returns a key as a string, without an allocation if the key is known.
func (o *option) key(raw []byte) string {
	if o != nil {
		return o.name
	}
	return string(raw)
}

// The values that options allow.
var (
	optBool      = &option{want: "a boolean", accepts: func(v any) bool { _, ok := v.(bool); return ok }}
	optString    = &option{want: "a string", accepts: isString}
	optDict      = &option{want: "a dict", form: formAny, dicts: 1, accepts: func(v any) bool { _, ok := v.(Dict); return ok }}
	optAny       = &option{form: formAny, accepts: func(any) bool { return true }}
	optID        = &option{want: "an id", accepts: func(v any) bool { _, ok := asID(v); return ok }}
	optCount     = &option{want: "an integer, not negative", accepts: func(v any) bool { n, ok := asInt(v); return ok && n >= 0 }}
	optStrings   = &option{want: "a list of strings", form: formStrings}
	optDicts     = &option{want: "a list of dicts", form: formDicts}
	optReceivers = &option{want: "a list of ids", form: formIDs, receivers: true}
	optNames     = &option{want: "a list of strings", form: formStrings, receivers: true}
	optMatch     = &option{want: "exact, prefix or wildcard", accepts: func(v any) bool {
		name, ok := v.(string)
		_, err := ParseMatch(name)
		return ok && name != "" && err == nil
	}}
	optEncAlgo = &option{want: "null, cryptobox, mqtt, xbr or a name that begins with x_", accepts: func(v any) bool {
		name, _ := v.(string)
		switch name {
		case "null", "cryptobox", "mqtt", "xbr":
			return true
		default:
			return strings.HasPrefix(name, "x_")
		}
	}}
	optRoles = &option{want: "a dict of roles, each a dict whose features, if any, are booleans", form: formAny, dicts: 3, accepts: areRoles}
)

// withEmptyDicts returns a value with an empty dict in place of each empty list on its first levels, where a dict
// belongs: PHP has one form for both.
func withEmptyDicts(v any, levels int) any {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 && levels > 0 {
			return Dict{}
		}
	case Dict:
		if levels < 2 {
			break
		}
		for key, item := range v {
			v[key] = withEmptyDicts(item, levels-1)
		}
	}
	return v
}

// isString reports whether v is a string. It refuses strings that begin with U+0000, which JSON would deliver
// as binaries.
func isString(v any) bool {
	s, ok := v.(string)
	return ok && !strings.HasPrefix(s, "\x00")
}

// roleNames are the roles that a HELLO or a WELCOME may announce.
var roleNames = [...]string{"publisher", "subscriber", "caller", "callee", "broker", "dealer"}

// areRoles reports whether v announces roles. A role and a feature that is null is absent.
func areRoles(v any) bool {
	all, ok := v.(Dict)
	if !ok {
		return false
	}
	announced := 0
	for _, name := range roleNames {
		role, ok := all[name]
		if !ok || role == nil {
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
	if !ok || features == nil {
		return true
	}
	named, ok := features.(Dict)
	if !ok {
		return false
	}
	for _, on := range named {
		if _, ok := on.(bool); !ok && on != nil {
			return false
		}
	}
	return true
}

// mergeOptions returns the options of all groups. If groups have the same key, the last one counts.
func mergeOptions(groups ...options) options {
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

// Options that several messages share.
var (
	// Describe a payload in the application's own encoding: WAMP, "Payload Passthru Mode" (ppt), and
	// Autobahn's older variant of it (enc).
	passthru = options{
		"ppt_scheme": optString, "ppt_serializer": optString, "ppt_cipher": optString, "ppt_keyid": optString,
		"enc_algo": optEncAlgo, "enc_key": optString, "enc_serializer": optString,
	}
	// In the specification's test vectors, but not in its text.
	forwarded = options{"forward_for": optDicts, "transaction_hash": optString}
)

// The known keys of each message that has Options, Details or Extra.
var (
	helloDetails = mergeOptions(options{
		"roles": optRoles, "agent": optString,
		"authmethods": optStrings, "authid": optString, "authrole": optString, "authextra": optDict,
		"_tab": optAny, "_returns": optAny, // of Tidings; the router checks them
	})
	// What the methods of authentication read.
	authenticateExtra = mergeOptions(options{"nonce": optAny, "channel_binding": optAny, "cbind_data": optAny})

	welcomeDetails = mergeOptions(options{
		"roles": optRoles, "agent": optString, "realm": optString,
		"authid": optString, "authrole": optString, "authmethod": optString, "authprovider": optString, "authextra": optDict,
	})
	closeDetails = mergeOptions(options{"message": optString, "resumable": optBool}) // ABORT and GOODBYE
	noOptions    = options(nil)

	errorDetails   = mergeOptions(passthru, forwarded)
	publishOptions = mergeOptions(passthru, forwarded, options{
		"acknowledge": optBool, "exclude_me": optBool, "disclose_me": optBool, "retain": optBool,
		"exclude": optReceivers, "exclude_authid": optNames, "exclude_authrole": optNames,
		"eligible": optReceivers, "eligible_authid": optNames, "eligible_authrole": optNames,
		"rkey": optString,
		// Of Tidings; the router checks them.
		"_id": optAny, "_version": optAny, "_key": optAny, "_delete": optAny, "_as": optAny,
	})
	subscribeOptions = mergeOptions(forwarded, options{
		"match": optMatch, "get_retained": optBool, "nkey": optString,
		"_positions": optAny, "_since": optAny, "_last": optAny, // the same
	})
	subscribedDetails = mergeOptions(options{
		"_epoch": optString, "_seq": optCount, "_live": optBool, "_gap": optBool, "_oldest": optCount,
	})
	eventDetails = mergeOptions(passthru, forwarded, options{
		"publisher": optID, "publisher_authid": optString, "publisher_authrole": optString,
		"topic": optString, "retained": optBool, "trustlevel": optCount, "x_acknowledged_delivery": optBool,
		"_epoch": optString, "_seq": optCount, "_prev": optCount, "_live": optBool, "_gap": optBool, "_key": optString, "_delete": optBool, "_version": optCount,
		"_sender": optDict,
	})
	callOptions = mergeOptions(passthru, forwarded, options{
		"timeout": optCount, "receive_progress": optBool, "progress": optBool, "disclose_me": optBool,
		"rkey": optString, "runmode": optString,
	})
	cancelOptions   = mergeOptions(forwarded, options{"mode": optString})
	resultDetails   = mergeOptions(passthru, forwarded, options{"progress": optBool})
	registerOptions = mergeOptions(forwarded, options{
		"match": optMatch, "invoke": optString, "concurrency": optCount, "disclose_caller": optBool, "forward_timeout": optBool,
		"force_reregister": optBool,
	})
	invocationDetails = mergeOptions(passthru, forwarded, options{
		"caller": optID, "caller_authid": optString, "caller_authrole": optString, "procedure": optString,
		"trustlevel": optCount, "timeout": optCount, "receive_progress": optBool, "progress": optBool,
	})
	interruptOptions    = mergeOptions(forwarded, options{"mode": optString, "reason": optString})
	yieldOptions        = mergeOptions(passthru, forwarded, options{"progress": optBool})
	unsubscribedDetails = mergeOptions(options{"subscription": optID, "reason": optString})
	unregisteredDetails = mergeOptions(options{"registration": optID, "reason": optString})
)
