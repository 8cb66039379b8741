package oro

import (
	"context"
	"log/slog"
	"time"
)

const (
	// A changed address counts after followEvery. A database that is away is asked again after retryEvery.
	followEvery = time.Minute
	retryEvery  = 5 * time.Second
	// followTimeout bounds one question for the address.
	followTimeout = 5 * time.Second

	// defaultApplicationURL is Oro's default of oro_ui.application_url.
	defaultApplicationURL = "http://localhost"
)

// Follow passes the address of the application to see, first and after each change, until ctx ends. While the database
// is away the last address stays. Follow logs once that the database is away, and once that it is back.
func (d *Database) Follow(ctx context.Context, log *slog.Logger, see func(url string)) {
	follow(ctx, d.ApplicationURL, log, see)
}

func follow(ctx context.Context, ask func(context.Context) (string, error), log *slog.Logger, see func(url string)) {
	var last string
	away := false
	for ctx.Err() == nil {
		url, err := askInTime(ctx, ask)
		pause := followEvery
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			pause = retryEvery
			if !away {
				away = true
				log.Warn("the application's database does not answer: new pages are refused until it does", "error", err)
			}
		default:
			if away {
				away = false
				log.Info("the application's database answers again")
			}
			if url == "" {
				url = defaultApplicationURL
			}
			if url != last {
				last = url
				see(url)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func askInTime(ctx context.Context, ask func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	return ask(ctx)
}
