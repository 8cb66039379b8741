//go:build unix

package oro_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The opcodes of WebSocket frames.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// errClosed means that a close frame has come. A page stays away after it.
var errClosed = errors.New("a close frame came")

// rawPage is a page without a browser: a connection of WAMP version 1.
type rawPage struct {
	net.Conn
	in      *bufio.Reader
	session string
}

// dialPage connects with a ticket, and waits for WELCOME.
func dialPage(address, ticket string) (*rawPage, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	return upgrade(c, "/ws?ticket="+url.QueryEscape(ticket))
}

// upgrade opens a WebSocket on a connection, which it closes if that fails.
func upgrade(c net.Conn, target string) (*rawPage, error) {
	_ = c.SetDeadline(time.Now().Add(patience)) // the next read fails then
	p := &rawPage{Conn: c, in: bufio.NewReaderSize(c, 512)}
	err := p.open(target)
	if err != nil {
		c.Close()
		return nil, err
	}
	return p, c.SetDeadline(time.Time{})
}

func (p *rawPage) open(target string) error {
	if _, err := fmt.Fprintf(p, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp\r\n\r\n", target, p.RemoteAddr()); err != nil {
		return err
	}
	response, err := http.ReadResponse(p.in, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		_ = response.Body.Close() // nothing of it is read
		return fmt.Errorf("refused: %s", response.Status)
	}
	if got := response.Header.Get("Sec-WebSocket-Protocol"); got != "wamp" {
		return fmt.Errorf("the subprotocol is %q", got)
	}
	welcome, err := p.receive()
	if err != nil {
		return err
	}
	session, found := strings.CutPrefix(welcome, `[0,"`)
	if p.session, _, _ = strings.Cut(session, `"`); !found {
		return fmt.Errorf("the first message is %s", welcome)
	}
	return nil
}

// frame reads a frame, and answers a ping.
func (p *rawPage) frame() (opcode byte, payload []byte, err error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(p.in, head[:2]); err != nil {
		return 0, nil, err
	}
	opcode = head[0] & 0xf
	length := uint64(head[1])
	switch length {
	case 126:
		_, err = io.ReadFull(p.in, head[:2])
		length = uint64(binary.BigEndian.Uint16(head))
	case 127:
		_, err = io.ReadFull(p.in, head[:8])
		length = binary.BigEndian.Uint64(head)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, length)
	if _, err = io.ReadFull(p.in, payload); err == nil && opcode == opPing {
		err = p.write(opPong, payload)
	}
	return opcode, payload, err
}

// receive returns the next message.
func (p *rawPage) receive() (string, error) {
	for {
		opcode, payload, err := p.frame()
		switch {
		case err != nil:
			return "", err
		case opcode == opClose:
			return "", errClosed
		case opcode == opText:
			return string(payload), nil
		}
	}
}

func (p *rawPage) send(message string) error { return p.write(opText, []byte(message)) }

// write writes a frame, masked with zeros.
func (p *rawPage) write(opcode byte, payload []byte) error {
	if len(payload) > 125 {
		return errors.New("the frame is too long for this client")
	}
	frame := append([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
	_, err := p.Write(frame)
	return err
}

// settle waits until the server has taken all that was sent: it answers calls in order.
func (p *rawPage) settle() error {
	if err := p.send(`[2,"settle","nothing.of.this.name"]`); err != nil {
		return err
	}
	for {
		if got, err := p.receive(); err != nil || strings.HasPrefix(got, `[4,"settle"`) {
			return err
		}
	}
}
