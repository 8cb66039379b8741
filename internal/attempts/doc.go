// Package attempts limits how fast passwords and keys can be guessed. It counts the failed logins of each address, over
// all ways in, and those at each account, over all addresses:
//
//	bucket                  attempts in a minute     holds back
//	address                 Options.PerAddress       guesses from one place
//	account                 Options.PerAccount       guesses at one user from many places
//	address and account     a third of PerAddress    guesses from a place where the user has logged in before
//
// A login from a place where the account has logged in before is held back by the third bucket alone. So a stranger
// cannot lock a user out at a known place, however many logins of the stranger fail. Only failures take from a bucket:
// any number of users may log in from behind one address.
//
// A caller asks [Limit.Wait] before it computes anything, and reports the result. The package keeps everything in
// bounded memory, and never knows a secret.
package attempts
