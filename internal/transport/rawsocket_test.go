package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestTheHandshakeOfRawSocketSaysWhatIsSpokenAndHowMuchIsTaken(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{MaxMessage: 1<<20 + 1000}})
	tcp, unix := s.listenRaw(t, transport.RawSocketOptions{})
	for _, c := range []struct{ name, send, want string }{
		{"JSON", "\x7f\xf1\x00\x00", "\x7f\xb1\x00\x00"}, // b: 2^20, no more than is taken
		{"MessagePack", "\x7f\x02\x00\x00", "\x7f\xb2\x00\x00"},
		{"CBOR", "\x7f\x73\x00\x00", "\x7f\xb3\x00\x00"},
		{"an unknown serialization", "\x7f\xff\x00\x00", "\x7f\x10\x00\x00"},
		{"reserved bits", "\x7f\xf1\x00\x01", "\x7f\x30\x00\x00"},
		{"no serialization", "\x7f\xf0\x00\x00", ""},
		{"HTTP", "GET / HTTP/1.1\r\n", ""},
		{"half of it", "\x7f\xf1", ""},
	} {
		for _, addr := range []net.Addr{tcp, unix} {
			client := dialStream(t, addr)
			client.write([]byte(c.send))
			if half, ok := client.nc.(interface{ CloseWrite() error }); ok {
				half.CloseWrite()
			}
			got, _ := io.ReadAll(client.nc)
			if string(got) != c.want {
				t.Errorf("%s: answered % x, want % x", c.name, got, c.want)
			}
		}
	}
}

const helloRaw = helloJSON

func TestWAMPOverRawSocket(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	tcp, unix := s.listenRaw(t, transport.RawSocketOptions{})
	web := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json")
	web.send(masked(fin|opText, helloJSON))
	web.wantsMatch(fin|opText, `^\[2,`)
	web.send(masked(fin|opText, `[32,1,{},"a.b"]`))
	web.wantsMatch(fin|opText, `^\[33,1,`)
	for _, addr := range []net.Addr{tcp, unix} {
		client := openRaw(t, addr, 0xf1)
		client.write(rawFrame(0, helloRaw))
		client.wantsMatch(`^\[2,\d+,\{`)
		client.write(rawFrame(0, `[32,1,{},"a.b"]`), rawFrame(1, "are you there?"),
			rawFrame(0, `[16,2,{"acknowledge":true,"exclude_me":false},"a.b",["hi"]]`))
		// A pong may overtake messages, but never stands within one.
		var messages []string
		for range 4 {
			kind, payload := client.receive()
			switch {
			case kind == 0:
				messages = append(messages, payload[:4])
			case kind != 2 || payload != "are you there?":
				t.Fatalf("got %d %q", kind, payload)
			}
		}
		if got := strings.Join(messages, " "); got != "[33, [36, [17," {
			t.Errorf("got %s", got)
		}
		web.wantsMatch(fin|opText, `\["hi"\]`)
		client.write(rawFrame(0, `[6,{},"wamp.close.close_realm"]`))
		client.wantsMatch(`^\[6,\{.*\},"wamp.close.goodbye_and_out"\]$`)
		client.wantsEnd()
	}
}

func TestFramesThatRawSocketDoesNotHaveEndTheConnection(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{MaxMessage: 1 << 16}})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	for name, bad := range map[string]string{
		"type 3":           "\x03\x00\x00\x00",
		"type 7":           "\x07\x00\x00\x01x",
		"a reserved bit":   "\x80\x00\x00\x01x",
		"another":          "\x10\x00\x00\x01x",
		"over the limit":   "\x00\x01\x00\x01",
		"over 2^24":        "\x08\x00\x00\x01",
		"2^24":             "\x08\x00\x00\x00",
		"a ping over it":   "\x01\x01\x00\x01",
		"half of a header": "\x00\x00",
	} {
		for _, joined := range []bool{false, true} {
			client := openRaw(t, tcp, 0xf1)
			if joined {
				client.write(rawFrame(0, helloRaw))
				client.wantsMatch(`^\[2,`)
			}
			client.write([]byte(bad))
			if name == "half of a header" {
				client.nc.(*net.TCPConn).CloseWrite()
			}
			t.Log(name)
			if name == "over the limit" || name == "a ping over it" || name == "2^24" {
				client.wantsMatch(`^\[3,.*may have .*"wamp.error.payload_size_exceeded"`)
			}
			client.wantsEnd()
		}
	}
	// Nobody else has noticed.
	client := openRaw(t, tcp, 0xf1)
	client.write(rawFrame(0, helloRaw))
	client.wantsMatch(`^\[2,`)
}

func TestMessagesOfAnySizeGoThroughARawSocket(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{Handler: rawEcho{newEcho()}, Limits: transport.Limits{MaxMessage: 1 << 24}})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	client := openRaw(t, tcp, 0xf1)
	for _, size := range []int{0, 1, 8000, 8188, 8189, 8192, 8193, 1 << 16, 1<<24 - 1, 1 << 24} {
		message := strings.Repeat("x", size)
		sent := rawFrame(0, message)
		if size == 1<<24 {
			sent[0] = 8
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			client.nc.Write(sent)
		}()
		head := client.read(4)
		if !bytes.Equal(head, sent[:4]) {
			t.Fatalf("%d bytes came back as % x", size, head)
		}
		if string(client.read(size)) != message {
			t.Fatalf("%d bytes came back differently", size)
		}
		<-done
	}
}

// rawEcho offers the echo under the name that RawSocket knows.
type rawEcho struct{ *echo }

func (e rawEcho) Protocols() []transport.Protocol {
	return []transport.Protocol{{Name: "wamp.2.json", Frames: bothFrames}}
}

func TestARawSocketIsOnlySentWhatItTakes(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	join := func(second byte) *rawClient {
		client := openRaw(t, tcp, second)
		client.write(rawFrame(0, `[1,"app",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]`))
		client.wantsMatch(`^\[2,`)
		return client
	}
	small, large := join(0x31), join(0xf1) // 4 KiB, 16 MiB
	long := strings.Repeat("x", 5000)
	for _, client := range []*rawClient{small, large} {
		client.write(rawFrame(0, `[32,1,{},"a.b"]`))
		client.wantsMatch(`^\[33,1,`)
	}
	large.write(rawFrame(0, `[64,2,{},"large.echo"]`))
	large.wantsMatch(`^\[65,2,`)
	small.write(rawFrame(0, `[64,2,{},"small.echo"]`))
	small.wantsMatch(`^\[65,2,`)

	// An event is dropped, and the next one comes.
	large.write(rawFrame(0, `[16,3,{"exclude_me":false},"a.b",["`+long+`"]]`), rawFrame(0, `[16,4,{},"a.b",["short"]]`))
	large.wantsMatch(`^\[36,.*xxx`)
	small.wantsMatch(`^\[36,.*"short"`)
	// A result becomes an error.
	small.write(rawFrame(0, `[48,3,{},"large.echo"]`))
	large.wantsMatch(`^\[68,1,`)
	large.write(rawFrame(0, `[70,1,{},["`+long+`"]]`))
	small.wantsMatch(`^\[8,48,3,\{\},"wamp.error.payload_size_exceeded"`)
	// So does an error.
	small.write(rawFrame(0, `[48,4,{},"large.echo"]`))
	large.wantsMatch(`^\[68,2,`)
	large.write(rawFrame(0, `[8,68,2,{},"a.b",["`+long+`"]]`))
	small.wantsMatch(`^\[8,48,4,\{\},"wamp.error.payload_size_exceeded"`)
	// And a call that cannot be asked is answered.
	large.write(rawFrame(0, `[48,5,{},"small.echo",["`+long+`"]]`))
	large.wantsMatch(`^\[8,48,5,\{\},"wamp.error.payload_size_exceeded"`)
	large.write(rawFrame(0, `[48,6,{},"small.echo"]`))
	small.wantsMatch(`^\[68,1,`)
}

func TestASessionCannotBeOpenedWhereItsWelcomeDoesNotFit(t *testing.T) {
	t.Parallel()
	options := transport.Options{Router: router.New(router.Options{Agent: strings.Repeat("x", 1000)})}
	options.Router.AddRealm("app")
	s := serve(t, options)
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	tiny := openRaw(t, tcp, 0x01)
	tiny.write(rawFrame(0, helloRaw))
	tiny.wantsEnd()
}

func TestARawSocketIsPingedOnlyIfAskedFor(t *testing.T) {
	t.Parallel()
	limits := transport.Limits{Ping: 50 * time.Millisecond, Pong: 2 * time.Second}
	s, _ := routed(t, transport.Options{Limits: limits})
	quiet, _ := s.listenRaw(t, transport.RawSocketOptions{})
	pinged, _ := s.listenRaw(t, transport.RawSocketOptions{Pings: true})
	client := openRaw(t, pinged, 0xf1)
	other := openRaw(t, quiet, 0xf1)
	for _, c := range []*rawClient{client, other} {
		c.write(rawFrame(0, helloRaw))
		c.wantsMatch(`^\[2,`)
	}
	for range 3 {
		client.wants(1, "")
		client.write(rawFrame(2, ""))
	}
	other.write(rawFrame(1, "x"))
	other.wants(2, "x") // no ping of the server's came before it
	// Who does not answer any more is dropped.
	if _, err := io.Copy(io.Discard, client.nc); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was not closed")
	}
}

func TestARawSocketThatIsNotOpenedInTimeIsClosed(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{Hello: time.Second}})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	dialStream(t, tcp).wantsEnd()
	openRaw(t, tcp, 0xf1).wantsEnd()
	slow := dialStream(t, tcp)
	slow.write([]byte{0x7f})
	slow.wantsEnd()
}

func TestRawSocketsCountAsConnections(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{Limits: transport.Limits{MaxConnections: 1}})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	first := openRaw(t, tcp, 0xf1)
	if got := string(dialStream(t, tcp).read(4)); got != "\x7f\x40\x00\x00" {
		t.Errorf("one too many was answered % x", got)
	}
	first.write(rawFrame(0, helloRaw))
	first.wantsMatch(`^\[2,`)
	if n := s.Stats().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestAServerThatStopsSaysGoodbyeToRawSockets(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	client, silent := openRaw(t, tcp, 0xf1), dialStream(t, tcp)
	client.write(rawFrame(0, helloReturns))
	client.wantsMatch(`^\[2,`)
	done := make(chan struct{})
	go func() { defer close(done); s.stop() }()
	client.wantsMatch(`^\[6,.*"wamp.close.system_shutdown"\]$`)
	client.wantsEnd()
	client.nc.Close()
	// Who has not said anything hears nothing, or that it came too late if it was not greeted yet.
	if rest, err := io.ReadAll(silent.nc); err != nil || len(rest) > 0 && string(rest) != "\x7f\x40\x00\x00" {
		t.Errorf("who was silent got % x, %v", rest, err)
	}
	<-done
}

func TestEverySerializationGoesThroughARawSocket(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	for serializer, e := range map[byte]wamp.Encoding{1: wamp.V2JSON, 2: wamp.V2MessagePack, 3: wamp.V2CBOR, 4: wamp.V2UBJSON} {
		client := openRaw(t, tcp, 0xf0|serializer)
		for _, step := range []struct {
			send string
			want wamp.Code
		}{{helloJSON, wamp.CodeWelcome}, {`[32,1,{},"a.b"]`, wamp.CodeSubscribed}, {`[16,1,{"exclude_me":false},"a.b",["\u0000AAH/",1.5,9007199254740993]]`, wamp.CodeEvent}} {
			m, err := wamp.V2JSON.Decode([]byte(step.send))
			if err != nil {
				t.Fatal(err)
			}
			message, err := e.Append(nil, m)
			if err != nil {
				t.Fatal(err)
			}
			client.write(rawFrame(0, string(message)))
			_, payload := client.receive()
			answer, err := e.Decode([]byte(payload))
			if err != nil || answer.Code() != step.want {
				t.Fatalf("%s: %s was answered %v, %v", e.Subprotocol(), step.send, answer, err)
			}
			if event, ok := answer.(*wamp.Event); ok {
				if text, err := event.Payload.Value(); err != nil || string(text) != `["\u0000AAH/",1.5,9007199254740993]` {
					t.Errorf("%s: got %s, %v", e.Subprotocol(), text, err)
				}
			}
		}
	}
}
