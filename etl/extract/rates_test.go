package extract_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
)

// A bank answers with the text it was told last, or with a status.
type bank struct {
	*httptest.Server
	text   string
	status int
	asked  int
}

func newBank(t *testing.T) *bank {
	t.Helper()
	b := &bank{text: "Date,USD\n2026-01-09,1.2\n", status: http.StatusOK}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.asked++
		if b.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(b.status)
		w.Write([]byte(b.text))
	}))
	t.Cleanup(b.Close)
	return b
}

// isRates stands in for the transform, which reads the file in full.
func isRates(content []byte) error {
	if !bytes.HasPrefix(content, []byte("Date,")) {
		return errors.New("no file of rates")
	}
	return nil
}

var noon = time.Date(2026, 1, 9, 12, 0, 0, 0, time.UTC)

func TestRatesAreFetchedOnceADay(t *testing.T) {
	bank, path, client := newBank(t), filepath.Join(t.TempDir(), "rates", "r.csv"), httpretry.New(httpretry.Options{})
	for _, now := range []time.Time{noon, noon.Add(11 * time.Hour), noon.Add(12 * time.Hour)} {
		if kept, err := extract.KeepRates(t.Context(), client, bank.URL, path, now, isRates); !kept || err != nil {
			t.Fatal(kept, err)
		}
		if got, err := os.ReadFile(path); string(got) != bank.text || err != nil {
			t.Errorf("kept %q, %v; want %q", got, err, bank.text)
		}
	}
	if bank.asked != 2 {
		t.Errorf("asked %d times in two days, want 2", bank.asked)
	}
}

func TestRatesOfYesterdayStayIfTodaysCannotBeHad(t *testing.T) {
	tests := map[string]struct {
		status int
		text   string
		want   string // of the error
	}{
		"refused":      {http.StatusForbidden, "", "403"},
		"a redirect":   {http.StatusFound, "", "302"},
		"another page": {http.StatusOK, "<html>Sign in</html>", "not kept: no file of rates"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bank, path := newBank(t), filepath.Join(t.TempDir(), "r.csv")
			client := httpretry.New(httpretry.Options{Tries: 1})
			if kept, err := extract.KeepRates(t.Context(), client, bank.URL, path, noon, isRates); !kept || err != nil {
				t.Fatal(kept, err)
			}
			want := bank.text
			bank.status, bank.text = tt.status, tt.text

			kept, err := extract.KeepRates(t.Context(), client, bank.URL, path, noon.AddDate(0, 0, 1), isRates)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
			if got, err := os.ReadFile(path); !kept || string(got) != want || err != nil {
				t.Errorf("kept %v with %q, %v; want it as it was", kept, got, err)
			}

			kept, err = extract.KeepRates(t.Context(), client, bank.URL, path+"2", noon, isRates)
			if kept || err == nil {
				t.Errorf("without rates of yesterday: kept %v, %v; want none and an error", kept, err)
			}
		})
	}
}

func TestARedirectOfTheBankIsNotFollowed(t *testing.T) {
	bank := newBank(t)
	bank.status = http.StatusFound
	_, err := extract.KeepRates(t.Context(), httpretry.New(httpretry.Options{Tries: 1}), bank.URL, filepath.Join(t.TempDir(), "r.csv"), noon, isRates)
	var status *httpretry.StatusError
	if !errors.As(err, &status) || bank.asked != 1 {
		t.Errorf("got %v after %d requests, want the redirect itself after one", err, bank.asked)
	}
}
