package auth

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
)

// The channel bindings. Each ties a login to one TLS connection, so that a man in the middle cannot relay the
// login to another connection.
const (
	bindingUnique   = "tls-unique"           // RFC 5929, TLS up to 1.2
	bindingEndPoint = "tls-server-end-point" // RFC 5929
	bindingExporter = "tls-exporter"         // RFC 9266

	exporterLabel = "EXPORTER-Channel-Binding"
	exporterBytes = 32
)

// binding is data that both ends of a TLS connection know. The zero value is no binding.
type binding struct {
	kind string
	data []byte
}

// bindingOf returns the binding of a kind, and false if the connection has none: without TLS, and if TLS ends at a
// proxy.
func (c *Chain) bindingOf(l *login, kind string) (binding, bool) {
	state := l.Peer.TLSState
	if state == nil {
		return binding{}, false
	}
	switch kind {
	case bindingUnique:
		// crypto/tls sets TLSUnique to nil where the value is not secure.
		return binding{kind, state.TLSUnique}, len(state.TLSUnique) > 0
	case bindingEndPoint:
		return binding{kind, c.endPoint}, len(c.endPoint) > 0
	case bindingExporter:
		// The context must be empty, not nil: the results differ in TLS 1.2.
		data, err := state.ExportKeyingMaterial(exporterLabel, []byte{}, exporterBytes)
		return binding{kind, data}, err == nil
	}
	return binding{}, false
}

// endPointHash returns the hash of the server's certificate (RFC 5929, section 4.1).
func endPointHash(certificate *x509.Certificate) []byte {
	if certificate == nil {
		return nil
	}
	hash := crypto.SHA256
	switch certificate.SignatureAlgorithm { //nolint:exhaustive // all others are hashed with SHA-256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	case x509.PureEd25519: // the signature has no hash, so the binding is not defined
		return nil
	}
	if !hash.Available() {
		return nil
	}
	h := hash.New()
	h.Write(certificate.Raw)
	return h.Sum(nil)
}

// channelID returns the 32 bytes that cryptosign needs. tls-unique has 12 bytes, the Finished message, which
// clients hash.
func (b binding) channelID() []byte {
	if b.kind == bindingUnique {
		sum := sha256.Sum256(b.data)
		return sum[:]
	}
	return b.data
}
