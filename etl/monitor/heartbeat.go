package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

// heartbeatTimeout bounds how long the daemon waits for one heartbeat, with its
// retries.
const heartbeatTimeout = time.Minute

// Heartbeat calls notify.heartbeat_url, so that a service outside notices when no load
// has gone well for too long. Its errors never name the address, which is a secret.
func Heartbeat(ctx context.Context, c *config.Config, redact *etl.Redactor) error {
	if !c.Notify.HeartbeatURL.IsSet() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Notify.HeartbeatURL.Reveal(), nil)
	if err != nil {
		return errors.New("notify.heartbeat_url: is not a URL; write one like https://example.com/path")
	}
	client := httpretry.New(httpretry.Options{Tries: 3, Timeout: notifyTimeout, Redact: redact}) // without a log: it would show the path
	_, err = client.Do(req)
	var refused *httpretry.StatusError
	var failed *httpretry.TransportError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("notify.heartbeat_url answered %d %s", refused.Code, http.StatusText(refused.Code))
	case errors.As(err, &failed):
		return fmt.Errorf("notify.heartbeat_url: %w", failed.Err)
	}
	return err
}
