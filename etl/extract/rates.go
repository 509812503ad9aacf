package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/httpretry"
)

// ErrBadRates reports a response that is not a valid file of rates, or must not
// replace the stored one.
var ErrBadRates = errors.New("not kept")

// KeepRates fetches reference rates and stores them in the file path if check
// accepts them, at most once a day (UTC). kept reports whether there is a file,
// even if there is an error: yesterday's rates are better than none.
func KeepRates(ctx context.Context, client *httpretry.Client, url, path string, now time.Time, check func([]byte) error) (kept bool, err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && etl.Day(info.ModTime()).Equal(etl.Day(now)):
		return true, nil
	case err == nil:
		kept = true
	case !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("reference rates: %w", err)
	}
	if err := renewRates(ctx, client, url, path, now, check); err != nil {
		return kept, fmt.Errorf("reference rates: %w", err)
	}
	return true, nil
}

// renewRates writes the file atomically. Its modification time is when it was
// fetched.
func renewRates(ctx context.Context, client *httpretry.Client, url, path string, now time.Time, check func([]byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if len(resp.Echoes) > 0 {
		return fmt.Errorf("%w: the answer repeats %s", ErrBadRates, strings.Join(resp.Echoes, " and "))
	}
	if err := check(resp.Body); err != nil {
		return fmt.Errorf("%w: %w", ErrBadRates, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := durable.WriteFile(path, resp.Body, 0o600); err != nil {
		return err
	}
	return os.Chtimes(path, now, now)
}
