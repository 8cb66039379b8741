package server

import (
	"crypto/tls"
	"log/slog"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/transport"
)

// ticketProblems is where newTickets reports.
type ticketProblems struct {
	*config.Problems
	logger *slog.Logger
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
		// A spent ticket is remembered until it could no longer be accepted, whatever the clocks of
		// who signs and who checks say.
		Spent:  engine.Once(cluster.BucketOptions{Name: "spent_tickets", TTL: section.TTL + 3*auth.Leeway, MaxBytes: spentBytes}),
		Logger: report.logger,
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

func newTLS(c *config.Config, problems *config.Problems) *tls.Config {
	if c.TLS == nil || c.TLS.Cert.Value == "" || c.TLS.Key.Value == "" { // the latter has been told
		return nil
	}
	loaded, err := transport.LoadTLS(c.Resolve(c.TLS.Cert.Value), c.Resolve(c.TLS.Key.Value))
	if err != nil {
		problems.At(c, c.TLS.Cert.Pos, err.Error(), "give a certificate chain and its private key as PEM files, relative to the configuration file")
	}
	return loaded
}

// checkOrigins reports each pattern that is none; the transport reads them again.
func checkOrigins(c *config.Config, problems *config.Problems) {
	for _, origin := range c.Origins {
		if _, err := transport.ParseOrigin(origin.Value); err != nil {
			problems.At(c, origin.Pos, err.Error(), "for example https://erp.example.com or https://*.example.com")
		}
	}
}
