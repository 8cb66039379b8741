package server

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"log/slog"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/transport"
)

// ticketProblems collects the problems of newTickets.
type ticketProblems struct {
	*config.Problems
	logger   *slog.Logger
	attempts *attempts.Limit
}

func newTickets(c *config.Config, engine *cluster.Engine, report ticketProblems) *auth.Tickets {
	section := c.Auth.Tickets
	if section == nil {
		return nil
	}
	secrets := make([]string, len(section.Secrets))
	for i, secret := range section.Secrets {
		secrets[i] = secret.Reveal()
	}
	tickets, err := auth.NewTickets(auth.TicketOptions{
		Secrets: secrets,
		TTL:     section.TTL,
		// A used ticket is remembered until no node can accept it any more, even if the clocks of the
		// signing and the checking node differ.
		ReplayGuard: engine.ReplayGuard(cluster.ReplayGuardOptions{Name: "spent_tickets", TTL: section.TTL + 3*auth.Leeway, Skew: auth.Leeway, Most: spentTickets}),
		Logger:      report.logger,
		Attempts:    report.attempts,
	})
	if err != nil {
		report.At(c, c.Pos("auth.tickets.secret"), err.Error(), "take a random one, for example from: openssl rand -hex 32")
		return nil
	}
	return tickets
}

func newKeys(c *config.Config, problems *config.Problems) *auth.Keys {
	declared := make([]auth.KeyOptions, len(c.APIKeys))
	for i, k := range c.APIKeys {
		declared[i] = auth.KeyOptions{Name: k.Name, Key: k.Key.Reveal(), Hash: k.Hash.Reveal(), May: k.May, Demo: k.Demo}
	}
	keys, err := auth.NewKeys(declared)
	if err != nil {
		problems.At(c, c.Pos("api_keys"), err.Error(), "tidings key makes a key and its hash")
	}
	return keys
}

// newUsers returns the users of the configuration, or nil if it has none.
func newUsers(c *config.Config, problems *config.Problems) *auth.Users {
	if len(c.Auth.Users) == 0 {
		return nil
	}
	users := auth.NewUsers()
	for i := range c.Auth.Users {
		if err := users.Add(userOptions(&c.Auth.Users[i])); err != nil {
			problems.At(c, c.Auth.Users[i].Pos, err.Error(), "tidings user makes the entry of a user")
		}
	}
	return users
}

func userOptions(u *config.User) auth.UserOptions {
	o := auth.UserOptions{
		AuthID: u.AuthID, Name: u.Name, Roles: u.Roles, Tenant: u.Tenant,
		Password: u.Password.Reveal(), Keys: u.Cryptosign,
	}
	if u.CRA != nil {
		o.CRA = &auth.CRA{Key: u.CRA.Key.Reveal(), Salt: u.CRA.Salt.Reveal(), Iterations: u.CRA.Iterations, KeyLen: u.CRA.KeyLen}
	}
	if s := u.SCRAM; s != nil {
		o.SCRAM = &auth.SCRAM{
			Salt: s.Salt.Reveal(), KDF: s.KDF, Iterations: s.Iterations, Memory: s.Memory,
			StoredKey: s.StoredKey.Reveal(), ServerKey: s.ServerKey.Reveal(),
		}
	}
	return o
}

// newSigningKey returns the key of the server for cryptosign, or nil if none is configured.
func newSigningKey(c *config.Config, problems *config.Problems) ed25519.PrivateKey {
	if c.Auth.Cryptosign == nil {
		return nil
	}
	key, err := auth.ParseSigningKey(c.Auth.Cryptosign.Key.Reveal())
	if err != nil {
		problems.At(c, c.Auth.Cryptosign.Key.Pos, err.Error(), "make one with openssl rand -hex 32")
	}
	return key
}

// decoySeed returns a secret that is the same on all nodes and after a restart: it is derived from the secret of
// the tickets. It returns nil if no tickets are configured.
func decoySeed(c *config.Config) []byte {
	if c.Auth.Tickets == nil {
		return nil
	}
	mac := hmac.New(sha256.New, []byte(c.Auth.Tickets.Secrets[0].Reveal()))
	mac.Write([]byte("users who do not exist"))
	return mac.Sum(nil)
}

func newTLS(c *config.Config, problems *config.Problems) *tls.Config {
	if c.TLS == nil || c.TLS.Cert.Value == "" || c.TLS.Key.Value == "" { // a missing file name is reported already
		return nil
	}
	loaded, err := transport.LoadTLS(c.Resolve(c.TLS.Cert.Value), c.Resolve(c.TLS.Key.Value))
	if err != nil {
		problems.At(c, c.TLS.Cert.Pos, err.Error(), "give a certificate chain and its private key as PEM files, relative to the configuration file")
		return nil
	}
	if c.TLS.ClientCA.Value == "" {
		return loaded
	}
	if loaded.ClientCAs, err = transport.LoadAuthorities(c.Resolve(c.TLS.ClientCA.Value)); err != nil {
		problems.At(c, c.TLS.ClientCA.Pos, err.Error(), "give the authorities' certificates as a PEM file")
	}
	loaded.ClientAuth = tls.VerifyClientCertIfGiven
	if c.TLS.ClientAuth == "required" {
		loaded.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return loaded
}

// rawTLS returns the configuration for RawSocket, which is no protocol of HTTP.
func rawTLS(of *tls.Config) *tls.Config {
	if of == nil {
		return nil
	}
	raw := of.Clone()
	raw.NextProtos = nil
	return raw
}

// serveTLS returns a configuration that takes certificates and authorities for each handshake from the snapshot that is
// current then, or nil if the server does no TLS.
func (s *Server) serveTLS(of func(*snapshot) *tls.Config) *tls.Config {
	first := of(s.current.Load())
	if first == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:         first.MinVersion,
		NextProtos:         first.NextProtos,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return of(s.current.Load()), nil },
	}
}

// newCertificates returns the rules for client certificates, or nil if none are configured.
func newCertificates(c *config.Config, problems *config.Problems) *auth.Certificates {
	if len(c.Auth.Certificates) == 0 {
		return nil
	}
	if c.TLS == nil || c.TLS.ClientCA.Value == "" {
		problems.At(c, c.Pos("auth.certificates"), "there are no authorities whose client certificates are accepted", "name their file in tls.client_ca")
	}
	certificates := auth.NewCertificates()
	for _, r := range c.Auth.Certificates {
		if err := certificates.Add(auth.CertificateRule{
			Fingerprint: r.Fingerprint, Organization: r.Organization, Unit: r.Unit, CommonName: r.CommonName,
			AuthID: r.AuthID, Roles: r.Roles, Tenant: r.Tenant,
		}); err != nil {
			problems.At(c, r.Pos, err.Error(), "see the configuration reference")
		}
	}
	return certificates
}

// checkOrigins reports malformed origins. The transport parses them again.
func checkOrigins(c *config.Config, problems *config.Problems) {
	for _, origin := range c.Origins {
		if _, err := transport.ParseOrigin(origin.Value); err != nil {
			problems.At(c, origin.Pos, err.Error(), "for example https://erp.example.com or https://*.example.com")
		}
	}
}
