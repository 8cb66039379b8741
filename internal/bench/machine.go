package bench

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"syscall"
	"time"
)

// spareFiles are for the publisher, the metrics, the standard streams, and what the runtime needs.
const spareFiles = 32

// enoughFiles refuses more connections than this process may have.
func enoughFiles(connections int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("ask how many files this process may open: %w", err)
	}
	allowed, needed := int(min(limit.Cur, math.MaxInt32)), connections+spareFiles
	if needed <= allowed {
		return nil
	}
	return fmt.Errorf("%d connections need %d open files, and this process may open %d\n"+
		"Raise the limit, as root: ulimit -n %d (a shell), --ulimit nofile=%d (Docker), LimitNOFILE=%d (systemd)\n"+
		"Or open fewer: --connections %d",
		connections, needed, allowed, needed, needed, needed, max(1, allowed-spareFiles))
}

// cpuTime is what this process has used of all cores together.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // a bench that does not know how busy it is says nothing about it
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// isHere reports whether an address leads to this machine. One that cannot be looked up does not.
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

// cores is how many of this machine's the process may use.
func cores() int { return runtime.GOMAXPROCS(0) }
