package bench

import (
	"strings"
	"time"

	"github.com/tidings-io/tidings/client"
)

// stamp identifies a publication and says when it was sent. Publisher and subscribers are in one process and use one
// clock.
type stamp struct {
	run    int64 // tells events of this run from those of other runs and programs
	step   int64
	number int64         // within the step, from 0
	at     time.Duration // on the clock of the run
}

// stampBytes is the approximate length of a stamp in JSON.
const stampBytes = 48

func (s stamp) payload(size int) client.Payload {
	return client.Args(s.run, s.step, s.number, int64(s.at), strings.Repeat("x", max(0, size-stampBytes)))
}

func readStamp(p client.Payload) (stamp, bool) {
	if len(p.Args) != 5 {
		return stamp{}, false
	}
	var numbers [4]int64
	for i := range numbers {
		n, ok := p.Args[i].(int64)
		if !ok {
			return stamp{}, false
		}
		numbers[i] = n
	}
	return stamp{run: numbers[0], step: numbers[1], number: numbers[2], at: time.Duration(numbers[3])}, true
}
