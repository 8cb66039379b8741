package journal

import linked "container/list"

// share holds the topics of one contract. Over a limit the contract with the largest share loses a topic. Of n
// contracts, one that takes no more than the n-th part of the limit never has the largest share then, so it loses
// nothing to the others. The journal's lock guards it.
type share struct {
	contract string
	silent   linked.List // of *topicLog, the topic that was silent for the longest first
	bytes    int
}

// largestLocked returns the share with the highest measure. Of two that are equal it takes the first by name.
func (m *Memory) largestLocked(measure func(*share) int) *share {
	var largest *share
	for _, s := range m.shares {
		if largest == nil || measure(s) > measure(largest) || measure(s) == measure(largest) && s.contract < largest.contract {
			largest = s
		}
	}
	return largest
}

// shareLocked returns the share of a contract.
func (m *Memory) shareLocked(contract string) *share {
	s := m.shares[contract]
	if s == nil {
		s = &share{contract: contract}
		m.shares[contract] = s
	}
	return s
}

// placeLocked marks a log as the last of its contract that is given up. A topic that has got another contract moves
// there.
func (m *Memory) placeLocked(placed *topicLog, contract string) {
	s := m.shareLocked(contract)
	switch {
	case placed.share == s:
		s.silent.MoveToBack(placed.place)
		return
	case placed.share != nil:
		m.leaveLocked(placed)
	}
	placed.share, placed.place = s, s.silent.PushBack(placed)
	s.bytes += placed.bytes
}

// leaveLocked takes a log out of its share.
func (m *Memory) leaveLocked(log *topicLog) {
	s := log.share
	s.silent.Remove(log.place)
	s.bytes -= log.bytes
	log.share, log.place = nil, nil
	if s.silent.Len() == 0 {
		delete(m.shares, s.contract)
	}
}

// shrinkLocked gives topics up until the journal is within its limits.
func (m *Memory) shrinkLocked() {
	for {
		var from *share
		switch {
		case m.bytes > m.options.Bytes:
			from = m.largestLocked(func(s *share) int { return s.bytes })
		case len(m.logs) > m.options.Topics:
			from = m.largestLocked(func(s *share) int { return s.silent.Len() })
		default:
			return
		}
		m.giveUpLocked(from.silent.Front().Value.(*topicLog))
	}
}

func (m *Memory) giveUpLocked(log *topicLog) {
	m.leaveLocked(log)
	delete(m.logs, log.topic)
	m.forgetLocked(log.history)
	m.bytes -= log.bytes
	m.dropped++
}
