package conformance_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	http.DefaultClient.Transport = &http.Transport{DisableKeepAlives: true} // no idle connection is left for goleak to find
	goleak.VerifyTestMain(m)
}
