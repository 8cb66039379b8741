package transport

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring hands writes to the kernel many at a time, and is told what became of each: io_uring(7), with
// nothing of it but what that takes. None of the writes waits, so that all have ended when submit
// returns. It is one goroutine's.
//
// The queues are memory that is shared with the kernel. Their heads and tails only grow; which entry
// one means are its lower bits.
type ring struct {
	fd      int
	mapped  [][]byte // for munmap
	size    uint32   // of the submission queue, a power of two
	results []int32  // of the last submission, by the order of add: bytes, or a negative errno

	entries  []ringEntry // the submission queue
	head     *uint32     // how far the kernel has taken it
	tail     *uint32
	prepared uint32 // entries since tail

	ended     []ringEnd // the completion queue
	endedHead *uint32
	endedTail *uint32
}

// ringEntry is struct io_uring_sqe.
type ringEntry struct {
	opcode, flags uint8
	priority      uint16
	fd            int32
	offset        uint64
	address       uint64
	length        uint32
	sendFlags     uint32
	userData      uint64
	_             [3]uint64
}

// ringEnd is struct io_uring_cqe.
type ringEnd struct {
	userData uint64
	result   int32
	flags    uint32
}

// ringParams is struct io_uring_params.
type ringParams struct {
	entries, endedEntries uint32
	flags, thread, idle   uint32
	features, workers     uint32
	_                     [3]uint32
	queue                 ringOffsets // with flags, dropped and array
	ended                 ringOffsets // with overflow, the completions and flags
}

// ringOffsets are struct io_sqring_offsets and struct io_cqring_offsets: where in the mapping things lie.
type ringOffsets struct {
	head, tail, mask, size uint32
	more                   [3]uint32
	_                      uint32
	_                      uint64
}

const (
	ringOpSend        = 26
	ringGetEvents     = 1 << 0  // IORING_ENTER_GETEVENTS
	ringSingleMapping = 1 << 0  // IORING_FEAT_SINGLE_MMAP
	ringModern        = 1 << 11 // IORING_FEAT_CQE_SKIP: Linux 5.17, which ends what must not wait at once
	ringEntriesOffset = 0x10000000
	ringProtection    = unix.PROT_READ | unix.PROT_WRITE
	ringSharing       = unix.MAP_SHARED | unix.MAP_POPULATE
)

// errNoRing means that this kernel has none that is of use.
var errNoRing = errors.New("io_uring of Linux 5.17 is needed")

// newRing makes one for so many writes at once, a power of two.
func newRing(size uint32) (*ring, error) {
	var params ringParams
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("set up io_uring: %w", errno)
	}
	r := &ring{fd: int(fd), size: params.entries, results: make([]int32, params.entries)}
	if params.features&ringSingleMapping == 0 || params.features&ringModern == 0 {
		r.close()
		return nil, errNoRing
	}
	if err := r.share(&params); err != nil {
		r.close()
		return nil, fmt.Errorf("set up io_uring: %w", err)
	}
	return r, nil
}

// share maps the queues, and lays them over what was mapped.
func (r *ring) share(p *ringParams) error {
	queueEnd := p.queue.more[2] + p.entries*4
	endedEnd := p.ended.more[1] + p.endedEntries*uint32(unsafe.Sizeof(ringEnd{}))
	queues, err := r.mapAt(0, int(max(queueEnd, endedEnd)))
	if err != nil {
		return err
	}
	entries, err := r.mapAt(ringEntriesOffset, int(p.entries)*int(unsafe.Sizeof(ringEntry{})))
	if err != nil {
		return err
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&queues[offset])) }
	r.head, r.tail = at(p.queue.head), at(p.queue.tail)
	r.endedHead, r.endedTail = at(p.ended.head), at(p.ended.tail)
	r.entries = unsafe.Slice((*ringEntry)(unsafe.Pointer(&entries[0])), p.entries)
	r.ended = unsafe.Slice((*ringEnd)(unsafe.Pointer(&queues[p.ended.more[1]])), p.endedEntries)
	order := unsafe.Slice(at(p.queue.more[2]), p.entries)
	for i := range order { // entries are submitted in the order in which they lie
		order[i] = uint32(i)
	}
	return nil
}

func (r *ring) mapAt(offset int64, size int) ([]byte, error) {
	mapped, err := unix.Mmap(r.fd, offset, size, ringProtection, ringSharing)
	if err != nil {
		return nil, fmt.Errorf("map a queue: %w", err)
	}
	r.mapped = append(r.mapped, mapped)
	return mapped, nil
}

// add prepares a write of p, which is not empty and stays as it is until submit has returned. There is
// room for size of them.
func (r *ring) add(fd int, p []byte) {
	at := *r.tail + r.prepared
	r.entries[at&(r.size-1)] = ringEntry{
		opcode:    ringOpSend,
		fd:        int32(fd),
		address:   uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))),
		length:    uint32(len(p)),
		sendFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL,
		userData:  uint64(r.prepared),
	}
	r.prepared++
}

// submit has the prepared writes done. What became of them is in results. After an error the ring is of
// no use any more; what was not begun then has the result EAGAIN.
func (r *ring) submit() error {
	count := r.prepared
	r.prepared = 0
	for i := range count {
		r.results[i] = -int32(unix.EAGAIN)
	}
	begin := *r.tail
	atomic.StoreUint32(r.tail, begin+count)
	for ended := uint32(0); ended < count; {
		left := begin + count - atomic.LoadUint32(r.head)
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(left), uintptr(count-ended), ringGetEvents, 0, 0)
		ended += r.reap()
		if errno != 0 && !errors.Is(errno, unix.EINTR) {
			return fmt.Errorf("submit to io_uring: %w", errno)
		}
	}
	return nil
}

// reap takes what has ended.
func (r *ring) reap() (count uint32) {
	head, tail := *r.endedHead, atomic.LoadUint32(r.endedTail)
	for ; head != tail; head++ {
		end := &r.ended[head&uint32(len(r.ended)-1)]
		r.results[end.userData] = end.result
		count++
	}
	atomic.StoreUint32(r.endedHead, head)
	return count
}

func (r *ring) close() {
	for _, mapped := range r.mapped {
		unix.Munmap(mapped) //nolint:errcheck // it was mapped
	}
	unix.Close(r.fd)
}
