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

// clockTick is the unit of the times in /proc/PID/stat, which is fixed on Linux.
const clockTick = time.Second / 100

// CPU returns the user and system time of the process so far. /proc has it too, but only in hundredths of a second.
func (s *Server) CPU() (time.Duration, error) {
	pid := s.command.Process.Pid
	var t unix.Timespec
	// The clock id of a process is its inverted id, followed by the kind of clock: clock_getcpuclockid(3).
	if err := unix.ClockGettime(int32(^pid)<<3|2, &t); err == nil {
		return time.Duration(t.Nano()), nil
	}
	fields, err := s.proc("stat")
	if err != nil {
		return 0, err
	}
	// The fields are utime and stime, proc(5). The command's name has no spaces here.
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

// Idle waits and meanwhile serves the clients.
type Idle func(context.Context, time.Duration) error

// SettledRSS returns the resident memory of the process in bytes, after it was constant for that long. The garbage
// collector and the scavenger need a moment after a burst.
func (s *Server) SettledRSS(ctx context.Context, quiet time.Duration, rest Idle) (int64, error) {
	const (
		tolerance = 128 << 10
		readings  = 15 // in the quiet period
		patience  = 10 // limit of the whole wait, in quiet periods
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
