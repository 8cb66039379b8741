package generator

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// transfer reads or writes. It tells Go's scheduler nothing: the sockets do not block, and telling it
// costs more than some of the calls.
func transfer(call uintptr, fd int, p []byte) (int, unix.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// uninterrupted makes a call that blocks, again if a signal interrupts it, as Go's own do all the time.
func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
