package transport_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
)

func TestEveryEndOfAConversationHasItsCode(t *testing.T) {
	t.Parallel()
	codes := map[outbox.CloseReason]struct {
		code  uint16
		retry bool // the client had better come again
	}{
		outbox.CloseGoodbye:           {1000, false},
		outbox.CloseAborted:           {1000, false},
		outbox.CloseShutdown:          {1001, true},
		outbox.CloseKilled:            {1008, false},
		outbox.CloseProtocolViolation: {1002, false},
		outbox.CloseAuthFailed:        {1008, false},
		outbox.CloseSlow:              {1013, true},
		outbox.CloseLost:              {1001, true},
		outbox.CloseTimeout:           {1008, true},
		outbox.CloseTooBig:            {1009, false},
		outbox.CloseRate:              {1008, false},
		outbox.CloseInternal:          {1011, true},
		outbox.CloseExpired:           {1008, true},
	}
	plain, silent := newEcho(), newEcho()
	silent.ends = transport.EndsSilently
	withCode, silently := serve(t, transport.Options{Handler: plain}), serve(t, transport.Options{Handler: silent})
	for _, reason := range outbox.CloseReasons() {
		want, known := codes[reason]
		if !known {
			t.Errorf("no code for %s", reason)
		}
		client := withCode.dial(t)
		client.send(masked(fin|opText, "first"), masked(fin|opText, "end:"+reason.String()))
		client.wants(fin|opText, "first")
		if text := client.wantsClose(want.code); text != "because" {
			t.Errorf("%s: the text is %q", reason, text)
		}
		client.send(masked(fin|opText, "not read any more"), masked(fin|opClose, closePayload(1000, "")))
		client.wantsEnd()
		if told := plain.goneWith(t); told != reason.String() {
			t.Errorf("%s: the conversation was told %s", reason, told)
		}

		client = silently.dial(t)
		client.send(masked(fin|opText, "end:"+reason.String()))
		if !want.retry || reason == outbox.CloseExpired { // told, because its ticket was used
			client.wantsClose(want.code)
			client.nc.Close()
		} else {
			client.wantsEnd()
		}
		silent.goneWith(t)
	}
	withCode.stop()
	closed := withCode.Stats().Closed
	for reason, want := range codes {
		if n := closed[transport.Closed{Reason: reason, Code: int(want.code)}]; n != 1 {
			t.Errorf("%s with %d was counted %d times", reason, want.code, n)
		}
	}
}

func TestAClientThatOnlyHangsUpIsLost(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	client := s.dial(t)
	client.nc.Close()
	if reason := handler.goneWith(t); reason != "lost" {
		t.Errorf("the conversation was told %s", reason)
	}
	client = s.dial(t)
	client.send(masked(opText, "half a mes")[:8])
	client.nc.Close()
	if reason := handler.goneWith(t); reason != "lost" {
		t.Errorf("the conversation was told %s", reason)
	}
	s.stop()
	if n := s.Stats().Closed[transport.Closed{Reason: outbox.CloseLost, Code: 1006}]; n != 2 {
		t.Errorf("counted %v", s.Stats().Closed)
	}
}

func TestAClientThatClosesItsDirectionStillGetsWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	for range 50 {
		client := s.dial(t)
		client.send(masked(fin|opText, "last words"), masked(fin|opClose, closePayload(3002, "enough")))
		client.nc.(interface{ CloseWrite() error }).CloseWrite()
		client.wants(fin|opText, "last words")
		client.wantsClose(3002)
		client.wantsEnd()
	}
}

func TestACodeThatAClientMakesUpIsNotACounterOfItsOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{})
	for _, code := range []uint16{3001, 3500, 4001, 4999} {
		client := s.dial(t)
		client.send(masked(fin|opClose, closePayload(code, "")))
		client.wantsClose(code)
		client.wantsEnd()
	}
	s.stop()
	closed := s.Stats().Closed
	if closed[transport.Closed{Reason: outbox.CloseLost, Code: 3000}] != 2 || closed[transport.Closed{Reason: outbox.CloseLost, Code: 4000}] != 2 {
		t.Errorf("counted %v", closed)
	}
}

func TestAPanicCostsOneConnection(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	bystander, client := s.dial(t), s.dial(t)
	client.send(masked(fin|opText, "panic"))
	client.wantsClose(1011)
	client.wantsEnd()
	if reason := handler.goneWith(t); reason != "internal" {
		t.Errorf("the conversation was told %s", reason)
	}
	bystander.send(masked(fin|opText, "still here"))
	bystander.wants(fin|opText, "still here")
}

func TestTheTextOfACloseFrameIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler})
	for _, text := range []string{strings.Repeat("€", 100), strings.Repeat("x", 124), "\xff broken"} {
		client := s.dial(t)
		client.send(masked(fin|opPing, ""))
		client.wants(fin|opPong, "")
		for _, conv := range handler.all() {
			conv.end(outbox.CloseInfo{Reason: outbox.CloseKilled, Text: text})
		}
		got := client.wantsClose(1008)
		if !strings.HasPrefix(text, got) || strings.ContainsRune(got, '\uFFFD') {
			t.Errorf("the text became %q", got)
		}
		client.nc.Close()
		handler.goneWith(t)
	}
}
