//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// cost is the use of resources of the server during an attack.
type cost struct {
	sent     int64 // bytes, with those of handshakes
	messages int
	cpu      time.Duration
	memory   int64 // growth of resident memory from the start to the peak, in bytes
}

// perKiB returns memory and CPU time for each KiB sent.
func (c cost) perKiB() (memory float64, cpu time.Duration) {
	kib := max(float64(c.sent)/1024, 1)
	return float64(c.memory) / kib, time.Duration(float64(c.cpu) / kib)
}

// meter measures a process from its start on.
type meter struct {
	pid int
	rss int64
	cpu time.Duration
}

// startMeter begins to measure: it resets the peak of the resident memory, proc(5).
func startMeter(pid int) (*meter, error) {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		return nil, fmt.Errorf("reset the peak of the resident memory: %w", err)
	}
	m := &meter{pid: pid}
	var err error
	if m.rss, err = m.status("VmRSS"); err != nil {
		return nil, err
	}
	m.cpu, err = m.cpuTime()
	return m, err
}

// read returns what the process has used since the start.
func (m *meter) read() (cost, error) {
	cpu, err := m.cpuTime()
	if err != nil {
		return cost{}, err
	}
	peak, err := m.status("VmHWM")
	return cost{cpu: cpu - m.cpu, memory: max(peak-m.rss, 0)}, err
}

// cpuTime returns the user and system time of the process: its clock is its inverted id and the kind of clock,
// clock_getcpuclockid(3).
func (m *meter) cpuTime() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^m.pid)<<3|2, &t); err != nil {
		return 0, fmt.Errorf("read the CPU time of the server: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// status returns a line of /proc/PID/status in bytes.
func (m *meter) status(name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory of the server: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) >= 2 && string(fields[0]) == name+":" {
			kib, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("read the memory of the server: no %s", name)
}
