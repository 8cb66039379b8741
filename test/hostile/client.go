//go:build linux

package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A way is the transport and the serialization of an attack.
type way struct {
	transport     string // websocket, channels, rawsocket, longpoll
	serialization string
	deflate       bool // compresses what it sends; WebSocket only, with channels or without
}

func (w way) String() string {
	name := w.transport + "/" + w.serialization
	if w.deflate {
		name += "/deflate"
	}
	return name
}

// ways returns all ways, or with few one for each transport and serialization.
func ways() []way {
	var all []way
	for _, serialization := range []string{"json", "msgpack", "cbor", "ubjson"} {
		all = append(all,
			way{"websocket", serialization, true}, way{"channels", serialization, true},
			way{"rawsocket", serialization, false}, way{"longpoll", serialization, false})
	}
	return all
}

// few are ways that have each transport and each serialization.
var few = []way{{"websocket", "json", true}, {"rawsocket", "msgpack", false}, {"longpoll", "cbor", false}, {"websocket", "ubjson", false}, {"channels", "json", false}}

// patience bounds every wait for the server.
const patience = 20 * time.Second

// client is one connection of an attacker. It counts the bytes that it sends.
type client struct {
	way
	wire
	encoding wamp.Encoding
	request  int
}

// wire carries messages.
type wire interface {
	send(message []byte) error
	receive() ([]byte, error) // io.EOF: the server has ended the conversation
	close()
}

// counted is a connection that adds the bytes written to a counter.
type counted struct {
	net.Conn
	sent *atomic.Int64
}

// Read implements [net.Conn]. It waits no longer than patience.
func (c counted) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements [net.Conn]. It waits no longer than patience.
func (c counted) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

// dialer makes connections that share one counter.
type dialer struct {
	server *server
	sent   atomic.Int64

	mu       sync.Mutex // guards deflated
	deflated map[*byte][]byte
}

// deflate compresses a message. A message that is sent again is compressed once, since only the server is measured.
func (d *dialer) deflate(message []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if small, ok := d.deflated[&message[0]]; ok {
		return small, nil
	}
	small, err := deflate(message)
	if d.deflated == nil {
		d.deflated = make(map[*byte][]byte)
	}
	d.deflated[&message[0]] = small
	return small, err
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return counted{conn, &d.sent}, nil
}

// tcp opens a connection to the HTTP listener.
func (d *dialer) tcp(ctx context.Context) (net.Conn, error) {
	return d.dial(ctx, "tcp", d.server.address)
}

// open opens a conversation, without a session.
func (d *dialer) open(ctx context.Context, w way) (*client, error) {
	encoding, ok := wamp.EncodingFor("wamp.2." + w.serialization)
	if !ok {
		return nil, fmt.Errorf("there is no encoding %s", w.serialization)
	}
	c := &client{way: w, encoding: encoding}
	var err error
	switch w.transport {
	case "websocket":
		c.wire, err = d.webSocket(ctx, w, encoding.Subprotocol())
	case "channels":
		var shared *webSocketWire
		shared, err = d.webSocket(ctx, w, "tidings.channels."+encoding.Subprotocol())
		c.wire = channelWire{shared}
	case "rawsocket":
		c.wire, err = d.rawSocket(ctx, w)
	default:
		c.wire, err = d.longPoll(ctx, encoding.Subprotocol())
	}
	if err != nil {
		return nil, fmt.Errorf("open %v: %w", w, err)
	}
	return c, nil
}

// join opens a conversation and a session.
func (d *dialer) join(ctx context.Context, w way) (*client, error) {
	c, err := d.open(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := c.send(forge(w.serialization, hello())); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for {
		m, err := c.next()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("join over %v: %w", w, err), c.Close())
		}
		if _, welcomed := m.(*wamp.Welcome); welcomed {
			return c, nil
		}
		if abort, refused := m.(*wamp.Abort); refused {
			return nil, errors.Join(fmt.Errorf("join over %v: %s %v", w, abort.Reason, abort.Details), c.Close())
		}
	}
}

// next returns the next message.
func (c *client) next() (wamp.Message, error) {
	frame, err := c.receive()
	if err != nil {
		return nil, err
	}
	return c.encoding.Decode(frame)
}

// await reads until a message for which found reports true, or the end of the conversation.
func (c *client) await(found func(wamp.Message) bool) error {
	for {
		m, err := c.next()
		if err != nil {
			return err
		}
		if found(m) {
			return nil
		}
	}
}

// fence waits until the server has handled everything that the session has sent. An end of the session counts, too.
func (c *client) fence() error {
	if err := c.send(forge(c.serialization, []node{34, fenceRequest, fenceRequest})); err != nil {
		return nil //nolint:nilerr // the server has ended the conversation
	}
	return ended(c.await(isFence))
}

// fenceRequest is the id of an UNSUBSCRIBE that is always refused, after everything that was sent before it.
const fenceRequest = 1 << 50

func isFence(m wamp.Message) bool {
	refusal, ok := m.(*wamp.Error)
	return ok && refusal.Request == fenceRequest
}

// ended drops the errors that report that the server has ended the conversation.
func ended(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return err
	}
	return nil
}

// webSocketWire is a WebSocket whose frames are made by hand.
type webSocketWire struct {
	conn    net.Conn
	from    *bufio.Reader
	opcode  ws.OpCode
	deflate func([]byte) ([]byte, error) // nil: messages are not compressed
}

func (d *dialer) webSocket(ctx context.Context, w way, subprotocol string) (*webSocketWire, error) {
	dial := ws.Dialer{Protocols: []string{subprotocol}, NetDial: d.dial}
	if w.deflate {
		dial.Extensions = []httphead.Option{httphead.NewOption("permessage-deflate", map[string]string{"client_no_context_takeover": "", "server_no_context_takeover": ""})}
	}
	address := "ws://" + d.server.address + "/ws"
	if d.server.tls != nil {
		address, dial.TLSConfig = "wss://"+d.server.address+"/ws", d.server.tls
	}
	conn, early, _, err := dial.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	if early == nil {
		early = bufio.NewReaderSize(conn, 512)
	}
	opcode := ws.OpBinary
	if w.serialization == "json" {
		opcode = ws.OpText
	}
	made := &webSocketWire{conn: conn, from: early, opcode: opcode}
	if w.deflate {
		made.deflate = d.deflate
	}
	return made, nil
}

func (w *webSocketWire) close() { w.conn.Close() }

func (w *webSocketWire) send(message []byte) error {
	var rsv byte
	if w.deflate != nil {
		small, err := w.deflate(message)
		if err != nil {
			return err
		}
		message, rsv = small, ws.Rsv(true, false, false)
	}
	return w.frame(w.opcode, true, rsv, message)
}

// frame sends one frame.
func (w *webSocketWire) frame(opcode ws.OpCode, final bool, rsv byte, payload []byte) error {
	f := ws.NewFrame(opcode, final, append([]byte(nil), payload...))
	f.Header.Rsv = rsv
	var out bytes.Buffer
	if err := ws.WriteFrame(&out, ws.MaskFrameInPlace(f)); err != nil {
		return err
	}
	_, err := w.conn.Write(out.Bytes())
	return err
}

func (w *webSocketWire) receive() ([]byte, error) {
	for {
		header, err := ws.ReadHeader(w.from)
		if err != nil {
			return nil, err
		}
		payload := make([]byte, header.Length) // the server is trusted here
		if _, err := io.ReadFull(w.from, payload); err != nil {
			return nil, err
		}
		switch {
		case header.OpCode == ws.OpClose:
			return nil, io.EOF
		case header.OpCode.IsControl():
			continue
		case header.Rsv1():
			return inflate(payload)
		}
		return payload, nil
	}
}

// tail ends the data of a compressed message, which leaves it out (RFC 7692, section 7.2).
const tail = "\x00\x00\xff\xff"

func deflate(message []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(message); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte(tail)), nil
}

func inflate(data []byte) ([]byte, error) {
	r := flate.NewReader(io.MultiReader(bytes.NewReader(data), bytes.NewReader([]byte(tail+"\x01\x00\x00\xff\xff"))))
	return io.ReadAll(r)
}

// rawSocketWire is a RawSocket.
type rawSocketWire struct {
	conn net.Conn
	from *bufio.Reader
}

var rawSerializers = map[string]byte{"json": 1, "msgpack": 2, "cbor": 3, "ubjson": 4}

func (d *dialer) rawSocket(ctx context.Context, w way) (*rawSocketWire, error) {
	conn, err := d.dial(ctx, "unix", d.server.rawSocket)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{0x7f, 15<<4 | rawSerializers[w.serialization], 0, 0}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var answer [4]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &rawSocketWire{conn, bufio.NewReaderSize(conn, 512)}, nil
}

func (r *rawSocketWire) close() { r.conn.Close() }

func (r *rawSocketWire) send(message []byte) error {
	_, err := r.conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
	return err
}

func (r *rawSocketWire) receive() ([]byte, error) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(r.from, head[:]); err != nil {
			return nil, err
		}
		message := make([]byte, binary.BigEndian.Uint32(head[:])&0xff_ffff)
		if _, err := io.ReadFull(r.from, message); err != nil {
			return nil, err
		}
		if head[0]&7 == 0 {
			return message, nil
		}
	}
}

// longPollWire is a session over HTTP requests.
type longPollWire struct {
	client *http.Client
	base   string
	ctx    context.Context //nolint:containedctx // that of the attack, for requests that have no other
}

func (d *dialer) longPoll(ctx context.Context, subprotocol string) (*longPollWire, error) {
	l := &longPollWire{
		client: &http.Client{Transport: &http.Transport{DialContext: d.dial}, Timeout: patience},
		base:   "http://" + d.server.address + "/longpoll/",
		ctx:    ctx,
	}
	body, err := l.post("open", []byte(fmt.Sprintf(`{"protocols": [%q]}`, subprotocol)))
	if err != nil {
		return nil, err
	}
	_, id, found := bytes.Cut(body, []byte(`"transport":"`))
	id, _, ends := bytes.Cut(id, []byte(`"`))
	if !found || !ends {
		return nil, fmt.Errorf("open a long-poll session: %s", body)
	}
	l.base += string(id) + "/"
	return l, nil
}

func (l *longPollWire) post(path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(l.ctx, http.MethodPost, l.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := l.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %s: %w", path, answer, io.EOF)
	}
	return answer, err
}

func (l *longPollWire) send(message []byte) error {
	_, err := l.post("send", message)
	return err
}

func (l *longPollWire) receive() ([]byte, error) {
	for {
		message, err := l.post("receive", nil)
		if err != nil || len(message) > 0 {
			return message, err
		}
	}
}

func (l *longPollWire) close() { l.client.CloseIdleConnections() }
