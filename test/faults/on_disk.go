//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidings-io/tidings/test/faults/audit"
	"github.com/tidings-io/tidings/test/faults/instrument"
)

// powerLoss lets the machine lose its power in the middle of a storm: nothing survives that was not synced, or some of
// it by chance. The clients go on with the folder that the loss at the end of the storm leaves. For moments before the
// end, a server of its own must have what was acknowledged until then. Where publications are synced later than
// acknowledged, clients must be told.
func powerLoss(ctx context.Context, s *scene) error {
	program, err := s.programs.instrumented()
	if err != nil {
		return err
	}
	s.server.kill()
	plain := s.server.program
	for i := range s.times {
		c, err := newCrash(s, i)
		if err != nil {
			return err
		}
		s.server.program, s.server.env = program, []string{"FAULTS_FOLDER=" + s.server.data, "FAULTS_TRACE=" + c.trace}
		if err := s.server.start(ctx); err != nil {
			return err
		}
		if err := s.storm(ctx, 0.4); err != nil {
			return err
		}
		s.server.kill()
		if err := c.happen(ctx, plain); err != nil {
			return err
		}
		s.server.program, s.server.env = plain, nil
		if err := s.server.start(ctx); err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
		if i < s.times-1 {
			s.server.kill()
		}
	}
	return nil
}

// crash is a storm that ends with a loss of power.
type crash struct {
	scene  *scene
	round  int
	trace  string
	disks  []*instrument.Disk // the folder before the storm, once for each moment
	chance *rand.Rand
}

// moments is the number of losses of power in a storm, beside the one at its end.
const moments = 3

// newCrash begins a trace.
func newCrash(s *scene, round int) (*crash, error) {
	c := &crash{scene: s, round: round, trace: fmt.Sprintf("%s/trace-%d", s.server.dir, round), chance: rand.New(rand.NewPCG(uint64(round), 0))}
	if err := os.WriteFile(c.trace, nil, 0o600); err != nil {
		return nil, err
	}
	for range moments + 1 {
		disk, err := instrument.Load(s.server.data)
		if err != nil {
			return nil, err
		}
		c.disks = append(c.disks, disk)
	}
	for _, p := range s.publishers {
		p.follow(c.trace)
	}
	return c, nil
}

// happen replaces the folder by what the loss of power at the end of the storm leaves, after it has looked at others.
func (c *crash) happen(ctx context.Context, program string) error {
	trace, err := os.ReadFile(c.trace)
	if err != nil {
		return err
	}
	if c.scene.fault.damages {
		c.scene.log.Damage()
		c.disks = c.disks[moments:]
	}
	last := len(c.disks) - 1
	for i, disk := range c.disks[:last] {
		moment := c.chance.IntN(len(trace))
		if err := c.look(ctx, program, disk, trace[:moment], i%2 == 0); err != nil {
			return fmt.Errorf("a loss of power after %d of %d bytes: %w", moment, len(trace), err)
		}
	}
	end := c.disks[last]
	if err := end.Play(trace); err != nil {
		return err
	}
	if end.Syncs == 0 {
		return errors.New("the server has synced nothing: the model does not see its files")
	}
	if err := os.RemoveAll(c.scene.server.data); err != nil {
		return err
	}
	if c.round%2 == 0 {
		return end.Crash(c.scene.server.data, nil)
	}
	return end.Crash(c.scene.server.data, c.chance)
}

// look starts a server of its own on what a loss of power leaves, and reads all that it has.
func (c *crash) look(ctx context.Context, program string, disk *instrument.Disk, trace []byte, strict bool) error {
	if err := disk.Play(trace); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.scene.server.dir, "moment-")
	if err != nil {
		return err
	}
	s, err := newServer(program, dir)
	if err != nil {
		return err
	}
	chance := c.chance
	if strict {
		chance = nil
	}
	s.more = c.scene.server.more
	if err := errors.Join(s.configure(""), disk.Crash(s.data, chance), s.start(ctx)); err != nil {
		return err
	}
	defer s.kill()
	found := make(map[int]bool)
	views, err := readStored(ctx, s, &audit.Log{})
	for _, v := range views {
		for _, publication := range v.Publications() {
			found[publication] = true
		}
	}
	if err != nil {
		return err
	}
	missing := 0
	for _, p := range c.scene.publishers {
		missing += p.missing(found, int64(len(trace)))
	}
	if missing > 0 {
		return fmt.Errorf("%d publications that were acknowledged before are lost; the server says:\n%s", missing, s.tail())
	}
	return os.RemoveAll(dir)
}

// follow begins another trace. What was promised before it must be there at all of its moments.
func (p *publisher) follow(trace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.promises {
		p.promises[i].written = 0
	}
	p.written = func() int64 {
		info, err := os.Stat(trace)
		if err != nil {
			return math.MaxInt64 // the scene is over
		}
		return info.Size()
	}
}

// missing counts the promises of before a moment that are not kept.
func (p *publisher) missing(found map[int]bool, moment int64) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.promises {
		if one.written <= moment && !found[one.publication] {
			n++
		}
	}
	return n
}

// corrupted flips bytes in the middle of a file of what is kept, while the server is not running.
func corrupted(ctx context.Context, s *scene) error {
	for i := range s.times {
		if err := s.storm(ctx, 1); err != nil {
			return err
		}
		if err := s.quiet(ctx); err != nil {
			return err
		}
		s.server.kill()
		s.log.Damage()
		damaged, err := damage(s.server.data, i%2 == 0)
		if err != nil {
			return err
		}
		if err := s.server.start(ctx); err != nil {
			if !strings.Contains(err.Error(), "--repair") {
				return fmt.Errorf("%s is damaged, and the server does not say what to do: %w", damaged, err)
			}
			if err := s.server.start(ctx, "--repair"); err != nil {
				return fmt.Errorf("%s is damaged: %w", damaged, err)
			}
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// damage changes the largest file of messages: bytes in its middle, or its end is gone.
func damage(folder string, flip bool) (string, error) {
	largest, size := "", int64(0)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".blk" {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	})
	if err != nil || largest == "" {
		return "", errors.Join(err, fmt.Errorf("%s has no file of messages", folder))
	}
	if !flip {
		return largest, os.Truncate(largest, size/2)
	}
	text, err := os.ReadFile(largest)
	if err != nil {
		return "", err
	}
	for i := range 64 {
		text[len(text)/2+i] ^= 0x5a
	}
	return largest, os.WriteFile(largest, text, 0o600)
}
