package routing

import "regexp/syntax"

// edges says where an expression may match a part of a character beyond ASCII.
type edges struct{ left, right, empty bool }

// checkBytes finds expressions that match other texts by bytes than by characters: a class with characters beyond ASCII
// must stand under + or *, and between two of them must be something else.
func checkBytes(re *syntax.Regexp) (edges, error) {
	switch re.Op {
	case syntax.OpCharClass:
		if isWide(re.Rune) {
			return edges{}, errBytes
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return edges{}, errBytes
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return edges{empty: true}, nil
	case syntax.OpCapture:
		return checkBytes(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat, syntax.OpQuest:
		return checkLoop(re)
	case syntax.OpConcat, syntax.OpAlternate:
		return checkParts(re)
	default: // literals are ASCII, and anchors are refused before
	}
	return edges{}, nil
}

func checkLoop(re *syntax.Regexp) (edges, error) {
	sub := re.Sub[0]
	empty := re.Op == syntax.OpStar || re.Op == syntax.OpQuest || re.Op == syntax.OpRepeat && re.Min == 0
	endless := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Min <= 1 && re.Max < 0
	single := sub.Op == syntax.OpCharClass && isWide(sub.Rune) || sub.Op == syntax.OpAnyChar || sub.Op == syntax.OpAnyCharNotNL
	if single && endless {
		return edges{true, true, empty}, nil
	}
	e, err := checkBytes(sub)
	if err == nil && e.left && e.right && re.Op != syntax.OpQuest {
		err = errBytes
	}
	e.empty = e.empty || empty
	return e, err
}

func checkParts(re *syntax.Regexp) (all edges, err error) {
	all.empty = re.Op == syntax.OpConcat
	for _, sub := range re.Sub {
		e, err := checkBytes(sub)
		switch {
		case err != nil:
			return e, err
		case re.Op == syntax.OpAlternate:
			all = edges{all.left || e.left, all.right || e.right, all.empty || e.empty}
			continue
		case all.right && e.left:
			return e, errBytes
		}
		all.left = all.left || all.empty && e.left
		all.right = e.right || e.empty && all.right
		all.empty = all.empty && e.empty
	}
	return all, nil
}
