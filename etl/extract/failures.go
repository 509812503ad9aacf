package extract

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"sync"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
)

// failures are the windows of a job that could not be read. They tell a bad
// window, which costs that window, from a source that is down.
type failures struct {
	mu    sync.Mutex
	found []error
	row   int  // windows that failed one after another
	down  bool // the source is
}

// inARow is how many windows may fail one after another before a source
// counts as down.
const inARow = 3

// add notes how a window ended.
func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil || answered(err) {
		f.row = 0
	} else if f.row++; f.row >= inARow || ofSource(err) {
		f.down = true
	}
	if err != nil {
		f.found = append(f.found, err)
	}
}

// ofSource reports whether no other window can be expected to do better.
func (f *failures) ofSource() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

func (f *failures) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.found...)
}

// answered reports whether the source works, though a window failed.
func answered(err error) bool {
	var page *landPageError
	return errors.Is(err, etl.ErrDrift) || errors.Is(err, errEndless) || errors.As(err, &page)
}

func ofSource(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return true
	}
	var status *httpretry.StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
			return true
		}
	}
	return errors.Is(err, context.Canceled)
}
