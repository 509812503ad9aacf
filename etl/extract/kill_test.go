package extract_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// The tests' own binary is also the program that is killed.
const childURL, childKind, childFolder = "TEST_EXTRACT_URL", "TEST_EXTRACT_KIND", "TEST_EXTRACT_FOLDER"

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := extractOnce(url, os.Getenv(childKind), os.Getenv(childFolder)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// extractOnce is what a run of the program does for one source.
func extractOnce(url, kind, folder string) (err error) {
	ctx := context.Background()
	db, err := warehouse.Open(ctx, warehouse.Options{
		Location: filepath.Join(folder, "warehouse.duckdb"), Threads: 1, Files: sqlfiles.FS,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	client := httpretry.New(httpretry.Options{Budget: []*rate.Limiter{rate.NewLimiter(rate.Inf, 1)}})
	var source extract.Source
	if kind == "procurify" {
		source, err = extract.NewProcurify(config.Source{
			Name: kind, BaseURL: url,
			ClientID: config.NewSecret(sandbox.ProcurifyClientID), ClientSecret: config.NewSecret(sandbox.ProcurifyClientSecret), Lookback: config.Duration(lookback * 24 * time.Hour),
		}, client, schemas.FS)
	} else {
		source, err = extract.NewProductive(config.Source{
			Name: kind, BaseURL: url,
			Token: config.NewSecret(sandbox.ProductiveToken), OrganizationID: "517", Lookback: config.Duration(lookback * 24 * time.Hour),
		}, client, schemas.FS)
	}
	if err != nil {
		return err
	}
	x := &extract.Extractor{
		DB: db, Folder: folder, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return today }, RunID: etl.NewRunID(time.Now()),
	}
	_, err = x.Run(ctx, source)
	return err
}

// A run that is killed at any moment is continued by the next one: in the end
// every version is there once, and no committed page by cursor was fetched
// again.
func TestAKilledRunIsContinued(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		o := small()
		o.Latency = 2 * time.Millisecond
		o.Now = func() time.Time { return today }
		vendors := sandbox.New(o)
		if err := vendors.Start(t.Context(), "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		defer vendors.Close()
		url := map[string]string{"productive": vendors.ProductiveURL(), "procurify": vendors.ProcurifyURL()}[kind]

		undisturbed := newFolder(t)
		start := time.Now()
		if out, err := child(t, url, kind, undisturbed).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		whole := time.Since(start)
		want := versionsIn(t, undisturbed)

		kills := 0
		for kills < soak(3, 120) {
			folder := newFolder(t)
			killed := killUntilDone(t, whole, folder, func() *exec.Cmd { return child(t, url, kind, folder) })
			kills += killed
			if got := versionsIn(t, folder); got != want {
				t.Fatalf("after %d kills the versions differ: %d bytes instead of %d", killed, len(got), len(want))
			}
			if twice := pagesTwice(t, folder); twice != "" {
				t.Fatalf("after %d kills pages were fetched again:\n%s", killed, twice)
			}
		}
		t.Logf("killed %d times", kills)
	})
}

// soak is how often to repeat: usually, and in `make soak`.
func soak(usually, soaking int) int {
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		return soaking
	}
	return usually
}

// killUntilDone kills a program at random moments until its work came to its
// end before that, and returns how often it was killed.
func killUntilDone(t *testing.T, whole time.Duration, folder string, program func() *exec.Cmd) (killed int) {
	t.Helper()
	for {
		cmd := program()
		var out strings.Builder
		cmd.Stderr = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(rand.N(whole+whole/4), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			return killed
		}
		if cmd.ProcessState.Exited() {
			t.Fatalf("%v: %s", err, out.String())
		}
		killed++
		if strings.Count(tableIn(t, folder, "check/cursors.sql"), "\n") == 1 &&
			strings.Count(tableIn(t, folder, "check/pages.sql"), "\n") > 1 {
			return killed // between its work's end and its own
		}
	}
}

func child(t *testing.T, url, kind, folder string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childURL+"="+url, childKind+"="+kind, childFolder+"="+folder)
	return cmd
}

// newFolder is a data folder whose warehouse exists, as after a first run.
func newFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := openDB(t, filepath.Join(folder, "warehouse.duckdb")).Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

func versionsIn(t *testing.T, folder string) string {
	t.Helper()
	return tableIn(t, folder, "check/versions.sql")
}

func pagesTwice(t *testing.T, folder string) string {
	t.Helper()
	_, rows, _ := strings.Cut(tableIn(t, folder, "check/pages_twice.sql"), "\n")
	return rows
}

func tableIn(t *testing.T, folder, file string) string {
	t.Helper()
	db := openDB(t, filepath.Join(folder, "warehouse.duckdb"))
	defer db.Close()
	rows, err := db.Query(t.Context(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return etltest.Table(t, rows)
}
