// Package calls has the parts of a call that know no session: the callee that is asked ([Policy], [Callees], [Slots]),
// what it can do ([Callee]), the right to give the one answer ([Claim]), and that answer ([Answer], [Error]).
//
// It sends nothing. The dealer's locks guard what is not safe for concurrent use.
package calls
