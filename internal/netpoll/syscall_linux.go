package netpoll

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reading and writing a non-blocking descriptor, and asking epoll with a timeout of 0, takes a few microseconds and
// never blocks. So these calls bypass the scheduler (RawSyscall). syscall.Syscall costs as much as a good part of the
// work on an event. At rest it costs far more: it wakes sysmon, the runtime's monitor thread, which then looks every 20
// µs for calls that block. What the scheduler has to be told all the same stands at yieldProcessor.

// rawRead reads into p, which must not be empty. 0 means the end.
func rawRead(fd int, p []byte) (int, error) {
	return rawSyscall(syscall.SYS_READ, fd, unsafe.Pointer(unsafe.SliceData(p)), len(p))
}

// rawWrite writes p, which must not be empty.
func rawWrite(fd int, p []byte) (int, error) {
	return rawSyscall(syscall.SYS_WRITE, fd, unsafe.Pointer(unsafe.SliceData(p)), len(p))
}

// rawEpollWait fetches events without waiting: the timeout is 0.
func rawEpollWait(fd int, events []unix.EpollEvent) (int, error) {
	return rawSyscall(syscall.SYS_EPOLL_PWAIT, fd, unsafe.Pointer(unsafe.SliceData(events)), len(events))
}

// rawSyscall makes a system call with a descriptor, a pointer and a size. All further arguments are 0. It repeats the
// call if a signal interrupted it.
func rawSyscall(number uintptr, fd int, room unsafe.Pointer, size int) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(number, uintptr(fd), uintptr(room), uintptr(size), 0, 0, 0)
		switch {
		case errno == 0:
			return int(n), nil
		case errors.Is(errno, syscall.EINTR):
		default:
			return 0, errno
		}
	}
}
