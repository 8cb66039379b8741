package netpoll

import "net"

// A process can take the place of another one without refusing a connection, if both listen on the same address for a
// while. On Linux the kernel gives each of them its share of new connections.
//
//	old   Steer     new connections go to the other process
//	      Queued    ... and those that had come before are accepted
//	      Retire    accepts no more; what is accepted is given to its server
//	      Close

// Retire makes a listener of [ListenUpgrades] accept no more connections, without closing it. It returns when each
// connection that was accepted is open, refused or given to Accept. Other listeners need no such step.
func Retire(listener net.Listener) {
	if l, ok := listener.(interface{ retire() }); ok {
		l.retire()
	}
}
