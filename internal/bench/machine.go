package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
)

// spareFiles is the number of files kept for the publisher, the metrics, the standard streams and the Go runtime.
const spareFiles = 32

// enoughFiles returns an error if this process may not open as many connections.
func enoughFiles(connections int) error {
	allowed, err := maxOpenFiles()
	if err != nil {
		return fmt.Errorf("ask how many files this process may open: %w", err)
	}
	needed := connections + spareFiles
	if needed <= allowed {
		return nil
	}
	return fmt.Errorf("%d connections need %d open files, and this process may open %d\n"+
		"Raise the limit, as root: ulimit -n %d (a shell), --ulimit nofile=%d (Docker), LimitNOFILE=%d (systemd)\n"+
		"Or open fewer: --connections %d",
		connections, needed, allowed, needed, needed, needed, max(1, allowed-spareFiles))
}

// isHere reports whether an address leads to this machine. It returns false if the look-up fails.
func isHere(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, ip := range found {
		if ip.Unmap().IsLoopback() {
			return true
		}
		for _, o := range own {
			if prefix, err := netip.ParsePrefix(o.String()); err == nil && prefix.Addr() == ip.Unmap() {
				return true
			}
		}
	}
	return false
}

// cores returns the number of cores that this process may use.
func cores() int { return runtime.GOMAXPROCS(0) }
