// Package peer describes the other end of a conversation: its identity ([Identity]), how that is proved
// ([Authenticator]), its connection ([Peer]), what it announced that it can do ([Features]), and the decisions on what
// it may do ([Decision]).
//
// The package holds no conversation, and starts and locks nothing: the router asks an Authenticator and keeps the
// answers.
package peer
