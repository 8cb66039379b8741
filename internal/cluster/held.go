package cluster

import "errors"

// ErrHeld is the error of Start if another running server has the data folder.
var ErrHeld = errors.New("the data folder is held by another running server")

// heldError is an [ErrHeld] with the folder.
type heldError struct{ path string }

func (e heldError) Error() string {
	return e.path + " is held by another running server; give each server a data folder of its own"
}

func (heldError) Is(target error) bool { return target == ErrHeld }
