//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is the memory and the descriptors of the server.
type usage struct {
	memory      int64 // resident, in bytes
	descriptors int
}

// cpu returns the user and system time of the process: its clock is its inverted id and the kind of clock,
// clock_getcpuclockid(3).
func (s *server) cpu() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^s.command.Process.Pid)<<3|2, &t); err != nil {
		return 0, fmt.Errorf("read the CPU time of the server: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// usage reads proc(5).
func (s *server) usage() (usage, error) {
	if s.command == nil || s.command.Process == nil {
		return usage{}, errors.New("the server could not be started")
	}
	pid := s.command.Process.Pid
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return usage{}, fmt.Errorf("count the descriptors of the server: %w", err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, fmt.Errorf("read the memory of the server: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			return usage{kib << 10, len(all)}, err
		}
	}
	return usage{}, fmt.Errorf("read the memory of the server: no VmRSS")
}
