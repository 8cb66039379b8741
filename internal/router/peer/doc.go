// Package peer describes the other end of a conversation: its identity ([Identity]), how that is proved
// ([Authenticator]), its connection ([Peer]), what it announced that it can do ([Features]), what the router announces
// to it ([Roles]), the decisions on what it may do ([Decision]), and what was taken from it ([Revocation]).
//
// The package holds no conversation, and starts and locks nothing: the router asks an Authenticator and keeps the
// answers.
package peer
