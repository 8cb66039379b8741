package meter

import "time"

// Probe is told how long routing took, in the goroutine that routed. It must not block.
type Probe interface {
	Published(took time.Duration, events int)
	Called(took time.Duration)
}
