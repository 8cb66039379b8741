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

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The parts of a certificate that an authid may be taken from.
const (
	FromCommonName = "common_name"
	FromEmail      = "email"
	FromDNS        = "dns"
	FromURI        = "uri"
)

// CertificateRule says who the owners of some client certificates are. All conditions that are given
// must hold; a rule without any holds for every certificate that the configured authorities signed.
type CertificateRule struct {
	Fingerprint  string // sha256: and hexadecimal digits, of the certificate
	Organization string
	Unit         string
	CommonName   string // with * for one label in front: *.machines.example.com
	AuthID       string // where the authid comes from; "" is FromCommonName
	Roles        []string
	Tenant       string
}

// Certificates tells identities by the client certificates of TLS.
type Certificates struct{ rules []CertificateRule }

// NewCertificates makes an empty list, which recognizes nobody.
func NewCertificates() *Certificates { return &Certificates{} }

// Add appends a rule; the first that holds decides.
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
	if err := person.checkPerson(); err != nil {
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

// identify says whose certificate it is. Only a chain that TLS has verified counts.
func (c *Certificates) identify(state *tls.ConnectionState) (*router.Identity, error) {
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
		if err := person.checkPerson(); err != nil {
			return nil, err
		}
		who := person.identity()
		who.Method, who.Provider = methodTLS, "certificate"
		return who, nil
	}
	return nil, errNoRule
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

// beginTLS takes the certificate that TLS has verified.
func (c *Chain) beginTLS(ctx context.Context, a *attempt) (router.AuthResult, error) {
	identity, err := c.options.Certificates.identify(a.Peer.Connection)
	result := Unknown
	if err == nil && a.authid != "" && a.authid != identity.ID {
		result, err = Mismatch, errors.New("the client certificate is for another user than the authid says")
	}
	if err != nil {
		c.counters.count(MethodTLS, result)
		c.log.InfoContext(ctx, "a client certificate was refused", "error", err)
		return router.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "%s", err)
	}
	c.counters.count(MethodTLS, Accepted)
	return router.AuthResult{Identity: identity}, nil
}

// showsCertificate reports whether a client means to be somebody by its certificate, also if it lists
// no method. It is then not made anonymous.
func (c *Chain) showsCertificate(a *attempt) bool {
	return c.options.Certificates != nil && a.Peer.Connection != nil && len(a.Peer.Connection.VerifiedChains) > 0
}
