package router

// trust returns the trust level of a session's calls and publications: the highest of its roles. given is false if
// no levels are configured (WAMP, "Call Trust Levels").
func (s *Session) trust() (level int, given bool) {
	levels := s.realm.router.options.TrustLevels
	for _, role := range s.Identity().Roles {
		level = max(level, levels[role])
	}
	return level, len(levels) > 0
}
