package netpoll

import "net"

// prefixConn is a connection that returns bytes which were read already before it reads.
type prefixConn struct {
	*net.TCPConn
	prefix []byte
}

// Read implements [io.Reader].
func (c *prefixConn) Read(p []byte) (int, error) {
	if len(c.prefix) == 0 {
		return c.TCPConn.Read(p)
	}
	n := copy(p, c.prefix)
	if c.prefix = c.prefix[n:]; len(c.prefix) == 0 {
		c.prefix = nil
	}
	return n, nil
}
