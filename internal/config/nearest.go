package config

// nearest gives the candidate that a mistyped word most likely meant, or "" if none is close: at
// most a third of the letters may differ.
func nearest(word string, candidates []string) string {
	const most = 64 // letters; longer ones are no slip of the finger
	if len(word) > most {
		return ""
	}
	best, found := max(1, len(word)/3)+1, ""
	for _, candidate := range candidates {
		if d := distance(word, candidate); d < best {
			best, found = d, candidate
		}
	}
	return found
}

// distance counts the edits between two words; swapped letters are one edit, because that is
// what fingers do.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
