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
func (j *Journal) largestLocked(measure func(*share) int) *share {
	var largest *share
	for _, s := range j.shares {
		if largest == nil || measure(s) > measure(largest) || measure(s) == measure(largest) && s.contract < largest.contract {
			largest = s
		}
	}
	return largest
}

// shareLocked returns the share of a contract.
func (j *Journal) shareLocked(contract string) *share {
	s := j.shares[contract]
	if s == nil {
		s = &share{contract: contract}
		j.shares[contract] = s
	}
	return s
}

// placeLocked marks a log as the last of its contract that is given up. A topic that has got another contract moves
// there.
func (j *Journal) placeLocked(placed *topicLog, contract string) {
	s := j.shareLocked(contract)
	switch {
	case placed.share == s:
		s.silent.MoveToBack(placed.place)
		return
	case placed.share != nil:
		j.leaveLocked(placed)
	}
	placed.share, placed.place = s, s.silent.PushBack(placed)
	s.bytes += placed.bytes
}

// leaveLocked takes a log out of its share.
func (j *Journal) leaveLocked(log *topicLog) {
	s := log.share
	s.silent.Remove(log.place)
	s.bytes -= log.bytes
	log.share, log.place = nil, nil
	if s.silent.Len() == 0 {
		delete(j.shares, s.contract)
	}
}

// shrinkLocked gives topics up until the journal is within its limits.
func (j *Journal) shrinkLocked() {
	for {
		var from *share
		switch {
		case j.bytes > j.options.Bytes:
			from = j.largestLocked(func(s *share) int { return s.bytes })
		case len(j.logs) > j.options.Topics:
			from = j.largestLocked(func(s *share) int { return s.silent.Len() })
		default:
			return
		}
		j.giveUpLocked(from.silent.Front().Value.(*topicLog))
	}
}

// giveUpLocked takes a topic with all its items out of the index.
func (j *Journal) giveUpLocked(log *topicLog) {
	if n := len(log.items); n > 0 {
		log.floor = max(log.floor, log.items[n-1].Seq)
	}
	j.forgetLocked(log.items)
	j.bytes -= log.bytes
	j.removeLocked(log)
	j.dropped++
}

// removeLocked forgets a topic, except for what is missing of it.
func (j *Journal) removeLocked(log *topicLog) {
	j.leaveLocked(log)
	delete(j.logs, log.topic)
	j.given = max(j.given, log.floor)
	j.floor = max(j.floor, j.given)
}
