package netpoll

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendRing hands many writes to the kernel at a time and returns a result for each: io_uring(7), as far as that needs
// it. It belongs to one goroutine.
//
// The queues are memory that is shared with the kernel. Heads and tails only grow, and their lower bits are the index
// of an entry.
//
// # What submit relies on
//
// submit enters the kernel with RawSyscall6 and IORING_ENTER_GETEVENTS: it waits for the completion of everything that
// it submits, and the scheduler does not know. If one completion had to wait for a client, this thread would keep its
// processor, and the next stop of the world would wait for it. So no send may wait in the kernel. Two things ensure it:
//
//   - Each send has MSG_DONTWAIT. io_sendmsg_prep (io_uring/net.c) then sets REQ_F_NOWAIT, and io_queue_async
//     (io_uring/io_uring.c) completes such a request with EAGAIN where it would hand others to a poll or to a worker.
//   - IORING_FEAT_CQE_SKIP stands for Linux 5.17, the oldest version for which that is known. newSendRing refuses rings
//     without it.
//
// TestASendToAFullSocketReturnsAtOnce fails if a kernel keeps such a send.
type sendRing struct {
	fd      int
	mapped  [][]byte // for munmap
	size    uint32   // of the submission queue, a power of two
	results []int32  // of the last submit, in the order of add: bytes, or a negative errno

	sq     []sqe   // the submission queue
	sqHead *uint32 // how far the kernel has consumed it
	sqTail *uint32
	queued uint32 // entries behind the tail

	cq     []cqe // the completion queue
	cqHead *uint32
	cqTail *uint32
}

// sqe is struct io_uring_sqe.
type sqe struct {
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

// cqe is struct io_uring_cqe.
type cqe struct {
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

// ringOffsets are struct io_sqring_offsets and struct io_cqring_offsets: offsets within the mapping.
type ringOffsets struct {
	head, tail, mask, size uint32
	more                   [3]uint32
	_                      uint32
	_                      uint64
}

const (
	opSend            = 26
	enterGetEvents    = 1 << 0  // IORING_ENTER_GETEVENTS
	featSingleMmap    = 1 << 0  // IORING_FEAT_SINGLE_MMAP
	featCQESkip       = 1 << 11 // IORING_FEAT_CQE_SKIP: Linux 5.17, see sendRing
	ringEntriesOffset = 0x10000000
	ringProtection    = unix.PROT_READ | unix.PROT_WRITE
	ringSharing       = unix.MAP_SHARED | unix.MAP_POPULATE
)

// errRingUnsupported means that the io_uring of this kernel is too old.
var errRingUnsupported = errors.New("io_uring of Linux 5.17 is needed")

// newSendRing returns a ring for size writes at once, a power of two.
func newSendRing(size uint32) (*sendRing, error) {
	var params ringParams
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("set up io_uring: %w", errno)
	}
	r := &sendRing{fd: int(fd), size: params.entries, results: make([]int32, params.entries)}
	if params.features&featSingleMmap == 0 || params.features&featCQESkip == 0 {
		r.close()
		return nil, errRingUnsupported
	}
	if err := r.share(&params); err != nil {
		r.close()
		return nil, fmt.Errorf("set up io_uring: %w", err)
	}
	return r, nil
}

// share maps the queues into memory.
func (r *sendRing) share(p *ringParams) error {
	queueEnd := p.queue.more[2] + p.entries*4
	endedEnd := p.ended.more[1] + p.endedEntries*uint32(unsafe.Sizeof(cqe{}))
	queues, err := r.mapAt(0, int(max(queueEnd, endedEnd)))
	if err != nil {
		return err
	}
	entries, err := r.mapAt(ringEntriesOffset, int(p.entries)*int(unsafe.Sizeof(sqe{})))
	if err != nil {
		return err
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&queues[offset])) }
	r.sqHead, r.sqTail = at(p.queue.head), at(p.queue.tail)
	r.cqHead, r.cqTail = at(p.ended.head), at(p.ended.tail)
	r.sq = unsafe.Slice((*sqe)(unsafe.Pointer(&entries[0])), p.entries)
	r.cq = unsafe.Slice((*cqe)(unsafe.Pointer(&queues[p.ended.more[1]])), p.endedEntries)
	order := unsafe.Slice(at(p.queue.more[2]), p.entries)
	for i := range order { // entries are submitted in their order
		order[i] = uint32(i)
	}
	return nil
}

func (r *sendRing) mapAt(offset int64, size int) ([]byte, error) {
	mapped, err := unix.Mmap(r.fd, offset, size, ringProtection, ringSharing)
	if err != nil {
		return nil, fmt.Errorf("map a queue: %w", err)
	}
	r.mapped = append(r.mapped, mapped)
	return mapped, nil
}

// add queues a write of p, which must not be empty and must not change until submit returns. At most size writes can be
// queued.
func (r *sendRing) add(fd int, p []byte) {
	at := *r.sqTail + r.queued
	r.sq[at&(r.size-1)] = sqe{
		opcode:    opSend,
		fd:        int32(fd),
		address:   uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))),
		length:    uint32(len(p)),
		sendFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL,
		userData:  uint64(r.queued),
	}
	r.queued++
}

// submit makes the kernel do the queued writes and fills results. After an error the ring cannot be used any more, and
// the writes that were not begun have the result EAGAIN.
func (r *sendRing) submit() error {
	count := r.queued
	r.queued = 0
	for i := range count {
		r.results[i] = -int32(unix.EAGAIN)
	}
	begin := *r.sqTail
	atomic.StoreUint32(r.sqTail, begin+count)
	for ended := uint32(0); ended < count; {
		left := begin + count - atomic.LoadUint32(r.sqHead)
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(left), uintptr(count-ended), enterGetEvents, 0, 0)
		ended += r.reap()
		if errno != 0 && !errors.Is(errno, unix.EINTR) {
			return fmt.Errorf("submit to io_uring: %w", errno)
		}
	}
	return nil
}

// reap consumes the completion queue.
func (r *sendRing) reap() (count uint32) {
	head, tail := *r.cqHead, atomic.LoadUint32(r.cqTail)
	for ; head != tail; head++ {
		end := &r.cq[head&uint32(len(r.cq)-1)]
		r.results[end.userData] = end.result
		count++
	}
	atomic.StoreUint32(r.cqHead, head)
	return count
}

func (r *sendRing) close() {
	for _, mapped := range r.mapped {
		unix.Munmap(mapped) //nolint:errcheck // it was mapped
	}
	unix.Close(r.fd)
}
