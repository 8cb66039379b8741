package instrument

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// Disk is a folder with what of it is durable.
type Disk struct {
	folder  string // in the paths of the trace
	moment  int    // counts operations
	names   map[string]*inode
	durable map[string]*inode // names that survive
	pending []naming          // of names, which may survive or not
	open    map[uint64]*handle
	syncs   map[uint64]syncing
	Syncs   int // that were completed
}

// inode is a file or a folder.
type inode struct {
	isFolder bool
	content  []byte // durable
	unsynced []change
}

// change is a write or a truncation.
type change struct {
	moment   int
	offset   int
	data     []byte
	truncate bool // to offset
}

// naming is a change of names.
type naming struct {
	moment int
	apply  func(names map[string]*inode)
}

type handle struct {
	file   *inode
	synced bool // each write is, by O_SYNC
}

type syncing struct {
	file   *inode
	moment int
}

// Load returns the disk with what is in a folder, all of it durable.
func Load(folder string) (*Disk, error) {
	d := &Disk{
		folder: folder, names: make(map[string]*inode), durable: make(map[string]*inode),
		open: make(map[uint64]*handle), syncs: make(map[uint64]syncing),
	}
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == folder {
			return err
		}
		made := &inode{isFolder: info.IsDir()}
		if info.Mode().IsRegular() {
			if made.content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		d.names[path], d.durable[path] = made, made
		return nil
	})
	return d, err
}

// Folder returns the path that the trace has.
func (d *Disk) Folder() string { return d.folder }

// Play plays a trace, or the beginning of one.
func (d *Disk) Play(trace []byte) error {
	for {
		o, rest, ok, err := next(trace)
		if err != nil || !ok {
			return err
		}
		trace = rest
		d.moment++
		if err := d.play(o); err != nil {
			return fmt.Errorf("operation %d, %c %s: %w", d.moment, o.kind, o.text, err)
		}
	}
}

func (d *Disk) play(o operation) error {
	switch o.kind {
	case opOpen:
		return d.opened(o)
	case opWrite, opTruncate:
		return d.changed(o)
	case opSyncBegin:
		h, ok := d.open[o.a]
		if !ok {
			return fmt.Errorf("descriptor %d is not open", o.a)
		}
		d.syncs[o.b] = syncing{h.file, d.moment}
	case opSyncEnd:
		s, ok := d.syncs[o.b]
		if !ok {
			return fmt.Errorf("sync %d has not begun", o.b)
		}
		delete(d.syncs, o.b)
		d.sync(s.file, s.moment)
	case opRename:
		to := string(o.data)
		d.name(func(names map[string]*inode) { rename(names, o.text, to) })
	case opRemove:
		d.name(func(names map[string]*inode) { remove(names, o.text) })
	case opMkdir:
		made := &inode{isFolder: true}
		d.name(func(names map[string]*inode) { names[o.text] = made })
	default:
		return fmt.Errorf("no operation is named so")
	}
	return nil
}

// opened makes a file that is not there, and empties one that is to be.
func (d *Disk) opened(o operation) error {
	flags := int(o.b)
	file, exists := d.names[o.text]
	switch {
	case !exists && o.text == d.folder:
		file = &inode{isFolder: true}
	case !exists && flags&os.O_CREATE == 0:
		return fmt.Errorf("a file that is not there")
	case !exists:
		file = &inode{}
		d.name(func(names map[string]*inode) { names[o.text] = file })
	case flags&os.O_TRUNC != 0:
		file.unsynced = append(file.unsynced, change{moment: d.moment, truncate: true})
	}
	d.open[o.a] = &handle{file, flags&os.O_SYNC == os.O_SYNC}
	return nil
}

func (d *Disk) changed(o operation) error {
	h, ok := d.open[o.a]
	if !ok {
		return fmt.Errorf("descriptor %d is not open", o.a)
	}
	h.file.unsynced = append(h.file.unsynced, change{d.moment, int(o.b), o.data, o.kind == opTruncate})
	if h.synced && o.kind == opWrite {
		d.sync(h.file, d.moment)
	}
	return nil
}

// sync makes durable what was written to a file until a moment, and all names until then.
func (d *Disk) sync(file *inode, moment int) {
	d.Syncs++
	for len(file.unsynced) > 0 && file.unsynced[0].moment <= moment {
		file.content = file.unsynced[0].apply(file.content)
		file.unsynced = file.unsynced[1:]
	}
	for len(d.pending) > 0 && d.pending[0].moment <= moment {
		d.pending[0].apply(d.durable)
		d.pending = d.pending[1:]
	}
}

// name changes names.
func (d *Disk) name(apply func(map[string]*inode)) {
	apply(d.names)
	d.pending = append(d.pending, naming{d.moment, apply})
}

func (c change) apply(content []byte) []byte {
	end := c.offset + len(c.data)
	if c.truncate {
		end = c.offset
	}
	if end > len(content) {
		content = append(content, make([]byte, end-len(content))...)
	}
	if c.truncate {
		return content[:end:end]
	}
	copy(content[c.offset:], c.data)
	return content
}

// rename gives a file, or a folder with all that is in it, another name.
func rename(names map[string]*inode, from, to string) {
	moved := make(map[string]*inode)
	for path, file := range names {
		if rest, ok := strings.CutPrefix(path, from); ok && (rest == "" || rest[0] == '/') {
			moved[to+rest] = file
			delete(names, path)
		}
	}
	remove(names, to)
	maps.Copy(names, moved)
}

// remove removes a file, or a folder with all that is in it.
func remove(names map[string]*inode, path string) {
	delete(names, path)
	for below := range names {
		if strings.HasPrefix(below, path+"/") {
			delete(names, below)
		}
	}
}
