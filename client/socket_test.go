package client_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestAMessageMayComeInFragmentsWithPingsBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		events := make(chan *client.Event, 1)
		subscribe(t, c, p, subscription{topic: "t", handler: func(e *client.Event) { events <- e }, id: 5})
		for _, frame := range []ws.Frame{
			ws.NewFrame(ws.OpText, false, []byte(`[36,5,1,`)),
			ws.NewPingFrame([]byte("still there?")),
			ws.NewFrame(ws.OpContinuation, true, []byte(`{},["whole"]]`)),
		} {
			if err := ws.WriteFrame(p.conn, frame); err != nil {
				t.Fatal(err)
			}
		}
		wantEqual(t, (<-events).Args, []any{"whole"})
		frame, err := p.readFrame()
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, frame.Header.OpCode, ws.OpPong)
		wantEqual(t, string(frame.Payload), "still there?")
		leave(t, c, p)
	})
}

func TestWhatBreaksTheProtocolEndsTheConnection(t *testing.T) {
	close1011 := ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusInternalServerError, "on fire"))
	for name, test := range map[string]struct {
		frame ws.Frame
		says  string
		abort bool
	}{
		"a message above the limit":        {frame: ws.NewTextFrame(make([]byte, 400)), says: "more than 300 bytes"},
		"a binary frame for JSON":          {frame: ws.NewBinaryFrame([]byte("[]")), says: "wrong frame type"},
		"text that is not UTF-8":           {frame: ws.NewTextFrame([]byte("\xff")), says: "not UTF-8"},
		"a continuation of nothing":        {frame: ws.NewFrame(ws.OpContinuation, true, nil), says: "continuation"},
		"a masked frame":                   {frame: ws.MaskFrame(ws.NewTextFrame([]byte("[]"))), says: "masked"},
		"a close frame":                    {frame: close1011, says: "1011 on fire"},
		"what is not JSON":                 {frame: ws.NewTextFrame([]byte("[36")), says: "protocol_violation", abort: true},
		"a message for routers":            {frame: ws.NewTextFrame([]byte(`[32,1,{},"t"]`)), says: "SUBSCRIBE", abort: true},
		"an answer of another kind":        {frame: ws.NewTextFrame([]byte(`[17,1,2]`)), says: "answers request 1", abort: true},
		"an abort in the middle of it all": {frame: ws.NewTextFrame([]byte(`[3,{"message":"enough"},"wamp.error.protocol_violation"]`)), says: "enough"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRouter(t)
				c, p := connect(t, r, client.Config{
					Reconnect: client.Reconnect{Off: true},
					Limits:    client.Limits{Message: 300},
				})
				called := async(func() (client.Payload, error) {
					return c.Call(t.Context(), "p", client.Payload{}, nil)
				})
				expect[*wamp.Call](p)
				if err := ws.WriteFrame(p.conn, test.frame); err != nil && !errors.Is(err, io.ErrClosedPipe) {
					t.Fatal(err) // the client may have seen enough before the end of the frame
				}
				if test.abort {
					expect[*wamp.Abort](p)
				}
				p.gone()
				<-c.Done()
				if err := c.Err(); err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("ended with %v", err)
				}
				<-called
			})
		})
	}
}

func TestConnectRefusesAServerThatSpeaksSomethingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		clients := r.connecting(client.Config{})
		conn := <-r.dialed
		upgrader := ws.Upgrader{Protocol: func([]byte) bool { return false }}
		if _, err := upgrader.Upgrade(conn); err != nil {
			t.Fatal(err)
		}
		if err := (<-clients).err; err == nil || !strings.Contains(err.Error(), "does not speak wamp.2.json") {
			t.Errorf("got %v", err)
		}
		conn.Close()
	})
}
