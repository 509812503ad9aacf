package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/sandbox"
)

func TestExitCode(t *testing.T) {
	person := &etl.NeedsPersonError{What: "1 batch waits"}
	tests := map[string]struct {
		err  error
		want int
	}{
		"done":                          {nil, 0},
		"failed":                        {errors.New("no"), 1},
		"wrong use":                     {fmt.Errorf("x: %w", etl.Usagef("no")), 2},
		"needs a person":                {&etl.StageError{Stage: "deliver", Err: person}, 3},
		"failed and needs a person":     {errors.Join(person, errors.New("no")), 1},
		"two things need a person":      {errors.Join(person, person), 3},
		"wrong use and needs a person":  {errors.Join(person, etl.Usagef("no")), 2},
		"a person is needed deep below": {fmt.Errorf("a: %w", errors.Join(&etl.StageError{Stage: "x", Err: person})), 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(tt.err); got != tt.want {
				t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}

func TestAnInterruptedRunExitsOneAndTheNextOneEndsIt(t *testing.T) {
	vendors := sandbox.New(sandbox.Options{Seed: 1, Expenses: 300, Transactions: 20, Plain: true})
	if err := vendors.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer vendors.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	var asked atomic.Int32 // windows are read side by side
	productive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 3 {
			interrupt()
		}
		vendors.ProductiveHandler().ServeHTTP(w, r)
	}))
	defer productive.Close()

	text, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "c.yaml")
	text = []byte(strings.Replace(string(text), vendors.ProductiveURL(), productive.URL+"/api/v2", 1))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}

	var errs strings.Builder
	if code := execute(ctx, []string{"run", "--config", config}, io.Discard, &errs); code != 1 {
		t.Fatalf("exit code %d, want 1: %s", code, errs.String())
	}
	if !strings.Contains(errs.String(), "spendbridge: interrupted; the next run resumes from here") {
		t.Errorf("the message does not say so: %s", errs.String())
	}
	if n, _ := vendors.Accepted(); n != 0 {
		t.Errorf("%d records were posted by a run that was interrupted while it extracted", n)
	}
	if code := execute(t.Context(), []string{"run", "--config", config}, io.Discard, &errs); code != 0 {
		t.Fatalf("exit code %d, want 0: %s", code, errs.String())
	}
	if n, _ := vendors.Accepted(); n != 320 {
		t.Errorf("%d records were posted, want 320", n)
	}
}
