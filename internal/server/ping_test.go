package server_test

import (
	"errors"
	"testing"

	"github.com/tidings-io/tidings/client"
)

func TestEverySessionMayAskWhetherItsConnectionWorks(t *testing.T) {
	for _, more := range []string{"", "undeclared: allow\n"} {
		r := start(t, basic+more)
		if result, err := r.user("ann", "").Call(t.Context(), "tidings.ping", client.Payload{}, nil); err != nil || len(result.Args) != 0 {
			t.Errorf("with %q it was answered %v, %v", more, result, err)
		}
	}
}

// An authorizer that is asked about everything may refuse the procedure, or fail. That is an answer, too.
func TestAPingIsAnsweredAlsoIfTheAuthorizerFails(t *testing.T) {
	r := start(t, basic+"authorizer: {webhook: 'http://127.0.0.1:1/', about: everything, \"on\": [call]}\n")
	_, err := r.user("ann", "").Call(t.Context(), "tidings.ping", client.Payload{}, nil)
	if refusal := new(client.Error); !errors.As(err, &refusal) {
		t.Errorf("it was answered %v", err)
	}
}
