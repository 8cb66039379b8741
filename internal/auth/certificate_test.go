package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func clientCertificate(t *testing.T, name pkix.Name) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, EmailAddresses: []string{"robot@example.com"}, DNSNames: []string{"robot.example.com"}}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func shows(certificate *x509.Certificate, details wamp.Dict) peer.AuthRequest {
	h := hello(details)
	h.Peer.TLSState = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}, VerifiedChains: [][]*x509.Certificate{{certificate}}}
	return h
}

func certificatesChain(t *testing.T, rules ...auth.CertificateRule) *auth.Chain {
	t.Helper()
	certificates := auth.NewCertificates()
	for _, rule := range rules {
		if err := certificates.Add(rule); err != nil {
			t.Fatal(err)
		}
	}
	return auth.NewChain(auth.ChainOptions{Certificates: certificates, Anonymous: auth.NewAnonymous("")})
}

func TestTheFirstMatchingRuleGivesACertificateItsIdentity(t *testing.T) {
	robot := clientCertificate(t, pkix.Name{CommonName: "r7.machines.example.com", Organization: []string{"Acme"}, OrganizationalUnit: []string{"machines"}})
	sum := sha256.Sum256(robot.Raw)
	for name, c := range map[string]struct {
		rules []auth.CertificateRule
		id    string
		role  string
	}{
		"everybody":       {[]auth.CertificateRule{{Roles: []string{"any"}}}, "r7.machines.example.com", "any"},
		"the unit":        {[]auth.CertificateRule{{Unit: "people", Roles: []string{"person"}}, {Unit: "machines", Roles: []string{"machine"}}}, "r7.machines.example.com", "machine"},
		"all must hold":   {[]auth.CertificateRule{{Unit: "machines", Organization: "Other", Roles: []string{"x"}}, {Organization: "Acme"}}, "r7.machines.example.com", ""},
		"the label":       {[]auth.CertificateRule{{CommonName: "*.example.com", Roles: []string{"x"}}, {CommonName: "*.machines.example.com", AuthID: "email"}}, "robot@example.com", ""},
		"the fingerprint": {[]auth.CertificateRule{{Fingerprint: "sha256:" + hex.EncodeToString(sum[:]), AuthID: "dns"}}, "robot.example.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, details := range []wamp.Dict{methods("tls"), {}, {"authid": c.id}} {
				outcome, err := certificatesChain(t, c.rules...).Authenticate(t.Context(), shows(robot, details))
				if err != nil {
					t.Fatal(err)
				}
				if i := outcome.Identity; i.ID != c.id || i.Role() != c.role || i.Method != "tls" || i.Backend {
					t.Errorf("it is %+v", i)
				}
			}
		})
	}
}

func TestAClientWithAnUnknownCertificateIsNotMadeAnonymous(t *testing.T) {
	robot := clientCertificate(t, pkix.Name{CommonName: "robot"})
	for name, c := range map[string]struct {
		rule    auth.CertificateRule
		details wamp.Dict
	}{
		"no rule":             {auth.CertificateRule{Unit: "machines"}, methods("tls", "anonymous")},
		"no rule and no list": {auth.CertificateRule{Unit: "machines"}, wamp.Dict{}},
		"no name":             {auth.CertificateRule{AuthID: "uri"}, methods("tls")},
		"another name":        {auth.CertificateRule{}, wamp.Dict{"authid": "ann", "authmethods": []any{"tls"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := certificatesChain(t, c.rule).Authenticate(t.Context(), shows(robot, c.details))
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
		})
	}
}

func TestOnlyAVerifiedCertificateCounts(t *testing.T) {
	chain := certificatesChain(t, auth.CertificateRule{})
	h := shows(clientCertificate(t, pkix.Name{CommonName: "robot"}), methods("tls"))
	h.Peer.TLSState.VerifiedChains = nil
	_, err := chain.Authenticate(t.Context(), h)
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
	_, err = chain.Authenticate(t.Context(), hello(methods("tls")))
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
}

func TestAnInvalidCertificateRuleIsRefused(t *testing.T) {
	for _, rule := range []auth.CertificateRule{{Fingerprint: "00"}, {AuthID: "serial"}, {Roles: []string{""}}, {Tenant: strings.Repeat("x", 1000)}} {
		if err := auth.NewCertificates().Add(rule); err == nil {
			t.Errorf("%+v was taken", rule)
		}
	}
}
