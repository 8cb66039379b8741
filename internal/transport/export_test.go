package transport

import "unsafe"

// BytesOfConn is how large a connection's own object is.
const BytesOfConn = unsafe.Sizeof(conn{})
