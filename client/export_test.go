package client

// ServerURL returns the URL to dial for the address of a server.
func ServerURL(address string) (string, error) { return serverURL(address) }
