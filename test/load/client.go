package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// client is one connection that is subscribed and then costs this process nothing but a descriptor.
type client struct{ conn net.Conn }

type clients struct {
	server *server
	all    []client
}

// openers connect at the same time: enough to keep the server busy, few enough for its accept queue.
const openers = 16

func connectAll(ctx context.Context, server *server, n int) (*clients, error) {
	c := &clients{server: server, all: make([]client, n)}
	errs := make([]error, openers)
	var group sync.WaitGroup
	for o := range openers {
		group.Go(func() {
			for i := o; i < n && ctx.Err() == nil; i += openers {
				if c.all[i], errs[o] = connect(server.address, i); errs[o] != nil {
					errs[o] = fmt.Errorf("connection %d: %w", i, errs[o])
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *clients) close() {
	for _, one := range c.all {
		if one.conn != nil {
			_ = one.conn.Close() // the measurement is over
		}
	}
}

// connect opens one connection up to SUBSCRIBED.
func connect(address string, i int) (client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return client{}, err
	}
	c := client{conn}
	if err := c.open(address, fmt.Sprintf("user%d", i), fmt.Sprintf("load-%d-%d", time.Now().UnixNano(), i)); err != nil {
		_ = conn.Close() // the error that matters is the first
		return client{}, err
	}
	return c, nil
}

func (c client) open(address, user, id string) error {
	_, err := fmt.Fprintf(c.conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n", address)
	if err != nil {
		return err
	}
	// It reads ahead, but the server sends nothing that was not asked for before the first event.
	head := bufio.NewReaderSize(c.conn, 4096)
	response, err := http.ReadResponse(head, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade answered %s", response.Status)
	}
	for _, step := range []struct{ send, want string }{
		{`[1,"app",{"authmethods":["ticket"],"roles":{"subscriber":{}}}]`, "[4,"},
		{`[5,"` + ticket(user, id) + `",{}]`, "[2,"},
		{`[32,1,{},"` + topic + `"]`, "[33,"},
	} {
		if err := writeText(c.conn, step.send); err != nil {
			return err
		}
		answer, err := readText(head)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(answer, step.want) {
			return fmt.Errorf("got %s, want a message that begins with %s", answer, step.want)
		}
	}
	return nil
}

// ticket signs a one-time ticket as the documentation of the server describes it.
func ticket(user, id string) string {
	encode := base64.RawURLEncoding.EncodeToString
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{ // strings and numbers always marshal
		"sub": user, "jti": id, "iat": now, "exp": now + 240, "aud": "tidings", "roles": []string{"user"},
	})
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// writeText sends one masked text frame; a mask of zeros is a mask.
func writeText(w io.Writer, text string) error {
	frame := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	if len(text) < 126 {
		frame = []byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}
	} else {
		binary.BigEndian.PutUint16(frame[2:], uint16(len(text)))
	}
	_, err := w.Write(append(frame, text...))
	return err
}

func readText(r io.Reader) (string, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return "", err
	}
	n := int(head[1])
	if n == 126 {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return "", err
		}
		n = int(binary.BigEndian.Uint16(head[2:]))
	}
	text := make([]byte, n)
	_, err := io.ReadFull(r, text)
	if head[0] != 0x81 {
		return "", fmt.Errorf("frame %x %q, want a text frame", head[0], text)
	}
	return string(text), err
}

// publishAndDrain publishes n times over the HTTP API and reads until every client has every event.
func (c *clients) publishAndDrain(ctx context.Context, n int) error {
	body, err := json.Marshal(map[string]any{"topic": topic, "args": []string{strings.Repeat("x", 124)}})
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make([]error, openers)
	for o := range openers {
		group.Go(func() { errs[o] = c.drain(o, n) })
	}
	for range n {
		if err := c.publish(ctx, body); err != nil {
			c.close() // ends the readers
			group.Wait()
			return err
		}
	}
	group.Wait()
	return errors.Join(errs...)
}

func (c *clients) drain(first, n int) error {
	for range n {
		for i := first; i < len(c.all); i += openers {
			if event, err := readText(c.all[i].conn); err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			} else if !strings.HasPrefix(event, "[36,") {
				return fmt.Errorf("connection %d: got %s, want an EVENT", i, event)
			}
		}
	}
	return nil
}

func (c *clients) publish(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.server.address+"/api/v1/publish", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+apiKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // best effort: the status says enough
		return fmt.Errorf("publish answered %s: %s", response.Status, text)
	}
	return nil
}
