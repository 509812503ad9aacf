package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// KeepRates fetches a file of reference rates and keeps it in folder, unless
// it did so on the same day (UTC) before. It returns the kept file's path,
// empty if there is none yet, also beside an error: yesterday's rates are
// better than none.
func KeepRates(ctx context.Context, client *httpretry.Client, url, folder string, now time.Time) (path string, err error) {
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
	return resp.Body, checkRates(resp.Body)
}

// checkRates refuses what is no file of rates at all, such as the page of a
// proxy that wants a password: it must not replace the rates of yesterday.
// The transform reads the file in full.
func checkRates(body []byte) error {
	begin := body
	if bytes.HasPrefix(body, []byte("PK")) {
		archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return err
		}
		if len(archive.File) != 1 {
			return fmt.Errorf("the archive holds %d files, one is expected", len(archive.File))
		}
		file, err := archive.File[0].Open()
		if err != nil {
			return err
		}
		defer file.Close()
		begin = make([]byte, len("Date,"))
		if _, err := io.ReadFull(file, begin); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(begin, []byte("Date,")) {
		return fmt.Errorf("the answer begins with %.20q instead of Date,USD,…", begin)
	}
	return nil
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
