package frame

// Held returns how many bytes of a message a reader holds.
func Held(r Reader) int {
	if f, ok := r.(*webSocketReader); ok {
		return cap(f.message)
	}
	return cap(r.(*rawSocketReader).message)
}

// Batch returns a batch of one.
func Batch(b Batching, message []byte) []byte { return BatchFraming{Batching: b}.batch(nil, message) }
