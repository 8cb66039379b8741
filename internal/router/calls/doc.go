// Package calls has the parts of a call that know no session: the callee that is asked ([Policy], [Callees], [Slots]),
// the right to give the one answer ([Claim]), and an answer that is an error ([Error]).
//
// It sends nothing. The dealer's locks guard what is not safe for concurrent use.
package calls
