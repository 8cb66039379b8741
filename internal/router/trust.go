package router

// trust is the level that a session's calls and publications are marked with, if levels are given at
// all: the highest of its roles' (WAMP, "Call Trust Levels").
func (s *Session) trust() (level int, given bool) {
	levels := s.realm.router.options.TrustLevels
	for _, role := range s.identity.Roles {
		level = max(level, levels[role])
	}
	return level, len(levels) > 0
}
