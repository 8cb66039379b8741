package auth

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The parts of a certificate that may become the authid.
const (
	FromCommonName = "common_name"
	FromEmail      = "email"
	FromDNS        = "dns"
	FromURI        = "uri"
)

// tlsMethod is the method "tls".
var tlsMethod = method{methodTLS, func(o *ChainOptions) bool { return o.Certificates != nil }, (*Chain).beginTLS, false}

// CertificateRule maps client certificates to identities. All conditions that are set must hold. A rule without
// conditions holds for every certificate that the configured authorities signed.
type CertificateRule struct {
	Fingerprint  string // of the certificate: sha256: and hexadecimal digits
	Organization string
	Unit         string
	CommonName   string // * may replace the first label: *.machines.example.com
	AuthID       string // source of the authid; "" means FromCommonName
	Roles        []string
	Tenant       string
}

// Certificates maps the client certificates of TLS to identities.
type Certificates struct{ rules []CertificateRule }

// NewCertificates returns an empty list, which accepts no certificate.
func NewCertificates() *Certificates { return &Certificates{} }

// Add appends a rule. The first rule that holds decides.
func (c *Certificates) Add(rule CertificateRule) error {
	if rule.Fingerprint != "" {
		digits, err := hex.DecodeString(strings.TrimPrefix(rule.Fingerprint, hashPrefix))
		if err != nil || len(digits) != sha256.Size {
			return fmt.Errorf("the fingerprint must be %s and %d hexadecimal digits", hashPrefix, 2*sha256.Size)
		}
		rule.Fingerprint = hex.EncodeToString(digits)
	}
	if rule.AuthID == "" {
		rule.AuthID = FromCommonName
	}
	if !slices.Contains([]string{FromCommonName, FromEmail, FromDNS, FromURI}, rule.AuthID) {
		return fmt.Errorf("the authid cannot be taken from %q", rule.AuthID)
	}
	person := claims{Roles: rule.Roles, Tenant: rule.Tenant}
	if err := person.checkUser(); err != nil {
		return err
	}
	c.rules = append(c.rules, rule)
	return nil
}

var (
	errNoCertificate = errors.New("this connection has no client certificate that an authority of this server signed")
	errNoRule        = errors.New("no rule of this server is for this client certificate")
	errNoName        = errors.New("the client certificate lacks the name that the user id would be")
)

// identify returns the identity for the client certificate. Only chains that TLS has verified count.
func (c *Certificates) identify(state *tls.ConnectionState) (*peer.Identity, error) {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) == 0 {
		return nil, errNoCertificate
	}
	certificate := state.VerifiedChains[0][0]
	for i := range c.rules {
		rule := &c.rules[i]
		if !rule.holds(certificate) {
			continue
		}
		person := claims{Roles: slices.Clone(rule.Roles), Tenant: rule.Tenant, Name: certificate.Subject.CommonName}
		person.Subject = rule.name(certificate)
		if person.Subject == "" {
			return nil, errNoName
		}
		if err := person.checkUser(); err != nil {
			return nil, err
		}
		identity := person.identity()
		identity.Method, identity.Provider = methodTLS, providerCertificate
		identity.Expires = endOfChains(state.VerifiedChains)
		return identity, nil
	}
	return nil, errNoRule
}

// endOfChains returns when the last of the chains is no longer valid. A chain ends with the first of its certificates.
func endOfChains(chains [][]*x509.Certificate) (end time.Time) {
	for _, chain := range chains {
		var first time.Time
		for _, certificate := range chain {
			first = earlier(first, certificate.NotAfter)
		}
		if first.After(end) {
			end = first
		}
	}
	return end
}

func (r *CertificateRule) holds(certificate *x509.Certificate) bool {
	subject := &certificate.Subject
	sum := sha256.Sum256(certificate.Raw)
	return (r.Fingerprint == "" || r.Fingerprint == hex.EncodeToString(sum[:])) &&
		(r.Organization == "" || slices.Contains(subject.Organization, r.Organization)) &&
		(r.Unit == "" || slices.Contains(subject.OrganizationalUnit, r.Unit)) &&
		(r.CommonName == "" || matchesName(r.CommonName, subject.CommonName))
}

func matchesName(pattern, name string) bool {
	if domain, ok := strings.CutPrefix(pattern, "*."); ok {
		label, rest, found := strings.Cut(name, ".")
		return found && label != "" && strings.EqualFold(rest, domain)
	}
	return pattern == name
}

func (r *CertificateRule) name(certificate *x509.Certificate) string {
	names := []string{certificate.Subject.CommonName}
	switch r.AuthID {
	case FromEmail:
		names = certificate.EmailAddresses
	case FromDNS:
		names = certificate.DNSNames
	case FromURI:
		names = nil
		for _, uri := range certificate.URIs {
			names = append(names, uri.String())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// beginTLS accepts the client by the certificate that TLS has verified.
func (c *Chain) beginTLS(ctx context.Context, l *login) (peer.AuthResult, error) {
	identity, err := c.options.Certificates.identify(l.Peer.TLSState)
	result := Unknown
	if err == nil && l.authid != "" && l.authid != identity.ID {
		result, err = Mismatch, errors.New("the client certificate is for another user than the authid says")
	}
	if err != nil {
		c.counters.count(MethodTLS, result)
		c.log.InfoContext(ctx, "a client certificate was refused", "error", err)
		return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "%s", err)
	}
	c.counters.count(MethodTLS, Accepted)
	return peer.AuthResult{Identity: identity}, nil
}

// hasCertificate reports whether the connection has a verified client certificate. Such a client is not made
// anonymous if it lists no method.
func (c *Chain) hasCertificate(l *login) bool {
	return c.options.Certificates != nil && l.Peer.TLSState != nil && len(l.Peer.TLSState.VerifiedChains) > 0
}
