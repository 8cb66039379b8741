package text

import "github.com/hbollon/go-edlib"

// alike is the part of a word that must be right: two of three letters, six of nine.
const alike = 0.65

// Nearest returns the candidate that a mistyped word most likely stands for, or "" if none is close.
// Two swapped letters count as one mistake, because they are one slip of the fingers.
func Nearest(word string, candidates []string) string {
	found, err := edlib.FuzzySearchThreshold(word, candidates, alike, edlib.OSADamerauLevenshtein)
	if err != nil { // for an unknown algorithm only
		return ""
	}
	return found
}
