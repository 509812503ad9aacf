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
	body, err := fetchRates(ctx, client, url)
	if err != nil {
		return kept, fmt.Errorf("reference rates: %w", err)
	}
	if err := check(body); err != nil {
		return kept, fmt.Errorf("reference rates: %w: %w", ErrBadRates, err)
	}
	if err := keepRates(body, path, now); err != nil {
		return kept, fmt.Errorf("reference rates: %w", err)
	}
	return true, nil
}

func fetchRates(ctx context.Context, client *httpretry.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if len(resp.Echoes) > 0 {
		return nil, fmt.Errorf("%w: the answer repeats %s", ErrBadRates, strings.Join(resp.Echoes, " and "))
	}
	return resp.Body, nil
}

// keepRates writes the file atomically. Its modification time is when it was
// fetched.
func keepRates(body []byte, path string, now time.Time) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := durable.WriteFile(path, body, 0o600); err != nil {
		return err
	}
	return os.Chtimes(path, now, now)
}
