//go:build !linux

package transport

import "net"

// poll needs epoll: elsewhere each connection has a goroutine that waits.
func (*conn) poll(net.Conn) link { return nil }

type pollerOnce struct{}

func (*pollerOnce) stop() {}
