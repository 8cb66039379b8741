package wamp

import (
	"maps"
	"slices"
)

// KnownOptions returns the known keys of the Options, Details or Extra of each message that a client sends.
func KnownOptions() map[Code][]string {
	all := map[Code]options{
		CodeHello: helloDetails, CodeAuthenticate: authenticateExtra, CodeAbort: closeDetails, CodeGoodbye: closeDetails,
		CodeError: errorDetails, CodePublish: publishOptions, CodeSubscribe: subscribeOptions, CodeCall: callOptions,
		CodeCancel: cancelOptions, CodeRegister: registerOptions, CodeYield: yieldOptions,
	}
	keys := map[Code][]string{}
	for code, known := range all {
		keys[code] = slices.Sorted(maps.Keys(known))
	}
	return keys
}
