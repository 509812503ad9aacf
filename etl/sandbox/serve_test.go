package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"spendbridge/etl/sandbox"
)

func TestStartRefusesWhatIsNotLoopback(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:0":       "not loopback",
		":8080":           "not loopback",
		"example.com:80":  "not loopback",
		"127.0.0.1":       "write 127.0.0.1:0",
		"127.0.0.1:http":  "bad port",
		"127.0.0.1:65535": "bad port",
	} {
		s := sandbox.New(sandbox.Options{})
		if err := s.Start(t.Context(), addr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start(%q): %v, want %s", addr, err, want)
		}
	}
}

func TestAPortInUseStopsAllListeners(t *testing.T) {
	taken := start(t, sandbox.Options{})
	addr := strings.TrimPrefix(taken.ProcurifyURL(), "http://")
	s := sandbox.New(sandbox.Options{})
	if err := s.Start(t.Context(), addr); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
}

func TestCloseEndsEverythingItStarted(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	s := sandbox.New(sandbox.Options{Expenses: 10})
	if err := s.Start(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	expenses(t, s, "")
	url := s.ProductiveURL()
	cancel()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := trySend(t, "GET", url+"/expenses", nil, ""); err == nil {
		t.Error("still serving")
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// Everything at once, for the race detector.
func TestReadersAndWritersMeet(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 500, Transactions: 200})
	procurify, productiv := procurifyHeaders(t, s), productivHeaders(t, s)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 5 {
				expenses(t, s, fmt.Sprintf("page[size]=200&page[number]=%d&include=person,vendor&sort=date", i%3+1))
				transactions(t, s, procurify, "page_size=100")
				post(t, s, productiv, finance, spend)
				id := s.InsertExpense(nil)
				if err := errors.Join(s.ApproveExpense(id), s.RenameVendor(20001+worker, "x"), s.DeleteTransaction(i+1)); err != nil {
					t.Error(err)
				}
				s.Records()
				s.Requests()
			}
		})
	}
	all.Wait()
	if records, batches := s.Accepted(); records != 40 || batches != 20 {
		t.Errorf("%d records in %d batches", records, batches)
	}
	if n := s.RequestCount(sandbox.APIProductiv); n != 20 {
		t.Errorf("%d requests", n)
	}
}

func TestRequestsAreCountedByPathAndStatus(t *testing.T) {
	s := startWith(t, "productive:drop@3", sandbox.Options{Expenses: 3})
	expense(t, s, 1, "")
	expense(t, s, 2, "")
	if _, err := trySend(t, "GET", s.ProductiveURL()+"/expenses/3", nil, ""); err == nil {
		t.Fatal("not dropped")
	}
	got := decode[struct {
		Requests []sandbox.Request
		Faults   map[string]int
	}](t, send(t, "GET", s.AdminURL()+"/_sandbox/requests", nil, ""))
	want := "[{productive GET /api/v2/expenses/{id} 200 2 true} {productive GET /api/v2/expenses/{id} 0 1 false}] map[productive:drop:1]"
	if text := fmt.Sprint(got.Requests, got.Faults); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestEverySecretIsRecognisable(t *testing.T) {
	s := start(t, sandbox.Options{})
	for _, secret := range []string{
		sandbox.ProductiveToken, sandbox.ProcurifyClientSecret, sandbox.ProductivClientSecret,
		procurifyHeaders(t, s)["Authorization"], productivHeaders(t, s)["Authorization"],
	} {
		if !strings.Contains(secret, sandbox.SecretMark) {
			t.Errorf("%q", secret)
		}
	}
}

func TestATokenIsGoodForOneVendor(t *testing.T) {
	s := start(t, sandbox.Options{})
	if r := transactions(t, s, map[string]string{
		"Authorization": productivHeaders(t, s)["Authorization"], "X-Procurify-Client": "api",
	}, ""); r.status != 401 {
		t.Errorf("Procurify took Productiv's token: %d", r.status)
	}
}

func TestTransportReachesTheVendorsWithoutANetwork(t *testing.T) {
	faults, err := sandbox.ParseFaults("productive:drop@2,productive:drop-mid-body@3")
	if err != nil {
		t.Fatal(err)
	}
	s := sandbox.New(sandbox.Options{Expenses: 3, Faults: faults})
	c := &http.Client{Transport: s.Transport()}
	get := func() (string, error) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.ProductiveURL()+"/expenses", nil)
		if err != nil {
			return "", err
		}
		for name, value := range productiveHeaders {
			r.Header.Set(name, value)
		}
		response, err := c.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	if body, err := get(); err != nil || !strings.HasPrefix(body, `{"data":[`) {
		t.Errorf("whole: %v %s", err, body)
	}
	if _, err := get(); err == nil || !strings.Contains(err.Error(), "connection reset") {
		t.Errorf("dropped: %v", err)
	}
	if body, err := get(); !errors.Is(err, io.ErrUnexpectedEOF) || body == "" {
		t.Errorf("dropped in the body: %v, %d bytes", err, len(body))
	}
}
