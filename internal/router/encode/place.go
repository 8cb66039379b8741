package encode

// Place is the place of a subscriber in the order of what is kept: the Seq of the last publication that it got, and two
// marks.
type Place uint64

// Unplaced is the place of subscribers whose events carry no positions: they share their events.
const Unplaced Place = 0

// The marks.
const (
	WithPositions Place = 1 << 63 // its events carry positions
	CatchingUp    Place = 1 << 62 // it gets what is kept in another way than live
)

// Seq returns the Seq of the last publication that the subscriber got.
func (p Place) Seq() uint64 { return uint64(p &^ (WithPositions | CatchingUp)) }

// Positions reports whether the events of the subscriber carry positions.
func (p Place) Positions() bool { return p&WithPositions != 0 }

// At returns the place with another Seq.
func (p Place) At(seq uint64) Place { return p&(WithPositions|CatchingUp) | Place(seq) }
