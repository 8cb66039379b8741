package auth

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
)

// The channel bindings: what ties a login to one TLS connection, so that who stands in the middle of
// two cannot pass it on.
const (
	bindingUnique   = "tls-unique"           // RFC 5929, TLS up to 1.2
	bindingEndPoint = "tls-server-end-point" // RFC 5929
	bindingExporter = "tls-exporter"         // RFC 9266

	exporterLabel = "EXPORTER-Channel-Binding"
	exporterBytes = 32
)

// binding is what both ends of a TLS connection know of it; the zero value binds to nothing.
type binding struct {
	kind string
	data []byte
}

// bindingOf gives the binding of a kind, if the connection has it: not without TLS, and not if TLS
// ends at a proxy.
func (c *Chain) bindingOf(a *attempt, kind string) (binding, bool) {
	state := a.Peer.Connection
	if state == nil {
		return binding{}, false
	}
	switch kind {
	case bindingUnique:
		// Nil where the connection has none that can be relied on.
		return binding{kind, state.TLSUnique}, len(state.TLSUnique) > 0
	case bindingEndPoint:
		return binding{kind, c.endPoint}, len(c.endPoint) > 0
	case bindingExporter:
		// The context is empty, not absent: that differs in TLS 1.2.
		data, err := state.ExportKeyingMaterial(exporterLabel, []byte{}, exporterBytes)
		return binding{kind, data}, err == nil
	}
	return binding{}, false
}

// endPointOf is the hash of the server's certificate (RFC 5929, section 4.1).
func endPointOf(certificate *x509.Certificate) []byte {
	if certificate == nil {
		return nil
	}
	hash := crypto.SHA256
	switch certificate.SignatureAlgorithm { //nolint:exhaustive // all others are hashed with SHA-256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	case x509.PureEd25519: // has no hash, so that the binding is not defined
		return nil
	}
	if !hash.Available() {
		return nil
	}
	h := hash.New()
	h.Write(certificate.Raw)
	return h.Sum(nil)
}

// channelID makes 32 bytes of a binding, as cryptosign needs them. The Finished message that
// tls-unique is has 12; clients hash it.
func (b binding) channelID() []byte {
	if b.kind == bindingUnique {
		sum := sha256.Sum256(b.data)
		return sum[:]
	}
	return b.data
}
