package gctune

// AgainIntervals is the number of intervals between two collections in one idle period.
const AgainIntervals = againIntervals

// IdleDetector is an idleDetector for this process.
type IdleDetector struct{ idleDetector }

// Due takes a reading.
func (d *IdleDetector) Due() bool { return d.due(readUsage()) }
