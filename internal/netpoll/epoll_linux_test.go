package netpoll

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These tests hold what yieldProcessor relies on. They are not parallel, because they set GOMAXPROCS.

// busyFor bounds a loop that another goroutine is to interrupt.
const busyFor = 10 * time.Second

// TestAYieldLetsOtherGoroutinesRun has a goroutine of raw system calls on the only processor. Each yield must let a
// goroutine run that is ready.
func TestAYieldLetsOtherGoroutinesRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var ran atomic.Bool
	go ran.Store(true)
	yields := 0
	for begin := time.Now(); !ran.Load() && time.Since(begin) < busyFor; yields++ {
		rawEpollWait(-1, make([]unix.EpollEvent, 1)) // any raw system call will do
		yieldProcessor()
	}
	if !ran.Load() {
		t.Fatal("another goroutine never ran")
	}
	if yields > 10 { // goroutines of the test framework and of the runtime may come first
		t.Errorf("another goroutine ran only after %d yields", yields)
	}
}

// TestAYieldWakesSysmon lets everything fall asleep, sysmon too, until the network has an event. The goroutine that
// gets the event then never blocks and never calls Gosched. Only sysmon can interrupt it for another goroutine, and
// only showToSysmon wakes sysmon.
func TestAYieldWakesSysmon(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	raw := timer(t, 100*time.Millisecond)
	ready := make(chan struct{})
	var ran atomic.Bool
	go func() {
		<-ready
		ran.Store(true)
	}()
	var expirations [8]byte
	if err := raw.Read(func(fd uintptr) bool { // blocks without a timer of Go
		n, _ := rawRead(int(fd), expirations[:])
		return n > 0
	}); err != nil {
		t.Fatal(err)
	}
	close(ready)
	for begin := time.Now(); !ran.Load() && time.Since(begin) < busyFor; {
		for range tasksPerYield {
			rawEpollWait(-1, make([]unix.EpollEvent, 1)) // any raw system call will do
		}
		showToSysmon()
	}
	if !ran.Load() {
		t.Error("sysmon did not preempt a goroutine of system calls: yieldProcessor has to do something else")
	}
}

// timer returns a descriptor that becomes readable once.
func timer(t *testing.T, after time.Duration) syscall.RawConn {
	t.Helper()
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(after))}, nil); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "timer")
	raw, err := file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() }) // not before: it is an ordinary system call
	return raw
}

// A field more than fits takes every socket to the next size of objects: 16 bytes for each connection at rest.
func TestTheBudgetOfASocket(t *testing.T) {
	if size := unsafe.Sizeof(epollSocket{}); unsafe.Sizeof(uintptr(0)) == 8 && size > 80 {
		t.Errorf("it has %d bytes, the budget is 80", size)
	}
}
