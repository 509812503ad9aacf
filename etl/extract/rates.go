package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"spendbridge/etl/httpretry"
)

// RatesFile is the kept file of reference rates, in a folder of its own.
const RatesFile = "reference-rates"

// ErrBadRates reports an answer that is no file of rates, or one that must not
// replace the kept file.
var ErrBadRates = errors.New("not kept")

// KeepRates fetches a file of reference rates and keeps it in folder if check
// finds no fault in it, unless it did so on the same day (UTC) before. It
// returns the kept file's path, empty if there is none yet, also beside an
// error: yesterday's rates are better than none.
func KeepRates(ctx context.Context, client *httpretry.Client, url, folder string, now time.Time, check func([]byte) error) (path string, err error) {
	path = filepath.Join(folder, RatesFile)
	info, err := os.Stat(path)
	switch {
	case err == nil && sameDay(info.ModTime(), now):
		return path, nil
	case errors.Is(err, fs.ErrNotExist):
		path = ""
	case err != nil:
		return "", fmt.Errorf("reference rates: %w", err)
	}
	body, err := fetchRates(ctx, client, url)
	if err != nil {
		return path, fmt.Errorf("reference rates: %w", err)
	}
	if err := check(body); err != nil {
		return path, fmt.Errorf("reference rates: %w: %w", ErrBadRates, err)
	}
	kept, err := keepRates(body, folder, now)
	if err != nil {
		return path, fmt.Errorf("reference rates: %w", err)
	}
	return kept, nil
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
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
	return resp.Body, nil
}

// keepRates writes the file whole or not at all. Its time is when it was
// fetched.
func keepRates(body []byte, folder string, now time.Time) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(folder, RatesFile)
	if err := renameio.WriteFile(path, body, 0o600); err != nil {
		return "", err
	}
	return path, os.Chtimes(path, now, now)
}
