// Package peer describes the other end of a conversation: its identity ([Identity]), how that is proved
// ([Authenticator]), its connection ([Peer]), and what it announced that it can do ([Features]).
//
// The package holds no conversation, and starts and locks nothing: the router asks an Authenticator and keeps the
// answers.
package peer
