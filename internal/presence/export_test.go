package presence

// Timers returns how many records have a timer.
func (c *Component) Timers() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.records {
		if r.timer != nil {
			n++
		}
	}
	return n
}

// Limited returns how many sessions have called.
func (c *Component) Limited() int { return c.calls.Len() }
