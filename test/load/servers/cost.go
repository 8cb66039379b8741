package servers

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of the times in /proc/PID/stat; Linux has fixed it for user space.
const clockTick = time.Second / 100

// CPU is the user and system time that the process has used so far: what stands in /proc as well, but
// there in hundredths of a second.
func (s *Server) CPU() (time.Duration, error) {
	pid := s.command.Process.Pid
	var t unix.Timespec
	// The clock of a process is its inverted id with the kind of clock behind it, clock_getcpuclockid(3).
	if err := unix.ClockGettime(int32(^pid)<<3|2, &t); err == nil {
		return time.Duration(t.Nano()), nil
	}
	fields, err := s.proc("stat")
	if err != nil {
		return 0, err
	}
	// Counted behind the command's name, which has no spaces here: utime and stime, proc(5).
	user, err := strconv.ParseInt(fields[13], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of a server: %w", err)
	}
	system, err := strconv.ParseInt(fields[14], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of a server: %w", err)
	}
	return time.Duration(user+system) * clockTick, nil
}

// Resting lets time pass.
type Resting func(context.Context, time.Duration) error

// SettledRSS reads the resident memory of the process, in bytes, once it has not changed for so long: the
// garbage collector and the scavenger need a moment after a burst.
func (s *Server) SettledRSS(ctx context.Context, quiet time.Duration, rest Resting) (int64, error) {
	const (
		tolerance = 128 << 10
		readings  = 15 // while it is quiet
		patience  = 10 // how much longer than quiet it may take
	)
	last, unchanged := int64(0), 0
	for range patience * readings {
		rss, err := s.rss()
		if err != nil {
			return 0, err
		}
		if max(rss-last, last-rss) < tolerance {
			unchanged++
		} else {
			last, unchanged = rss, 0
		}
		if unchanged == readings {
			return rss, nil
		}
		if err := rest(ctx, quiet/readings); err != nil {
			return 0, err
		}
	}
	return last, nil
}

func (s *Server) rss() (int64, error) {
	fields, err := s.proc("statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the memory of a server: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}

func (s *Server) proc(name string) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.command.Process.Pid, name))
	if err != nil {
		return nil, fmt.Errorf("read /proc of a server: %w", err)
	}
	return strings.Fields(string(text)), nil
}
