package transform_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"spendbridge/etl"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

func TestMain(m *testing.M) {
	checks := "3"
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		checks = "500"
	}
	// A flag on the command line is parsed later and wins.
	flag.Set("rapid.checks", checks)
	flag.Set("rapid.shrinktime", "10s")
	flag.Set("rapid.nofailfile", "true")
	os.Exit(m.Run())
}

// Whatever arrives in whatever portions, and whatever settings change between
// the runs: the incremental runs end where one transform of everything ends.
func TestIncrementalRunsEqualOneRebuild(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		h := &history{folder: folder, db: openWarehouse(t), opts: testOptions()}
		defer h.db.Close()

		for run := range rapid.IntRange(2, 5).Draw(rt, "runs") {
			for range rapid.IntRange(0, 3).Draw(rt, "pages") {
				h.land(t, rt)
			}
			h.setUp(t, rt)
			h.opts.RunID = etl.RunID(fmt.Sprint("run-", run))
			if _, err := transform.Run(t.Context(), h.db, h.opts); err != nil {
				rt.Fatal(err)
			}
		}

		rebuilt := openWarehouse(t)
		defer rebuilt.Close()
		if _, err := transform.AsOf(t.Context(), h.db, rebuilt, day(365), t.TempDir(), h.opts); err != nil {
			rt.Fatal(err)
		}
		found, err := transform.Compare(t.Context(), h.db, rebuilt, t.TempDir())
		if err != nil {
			rt.Fatal(err)
		}
		if found.Differing > 0 {
			rt.Fatalf("%d of %d records differ: %q", found.Differing, found.Records, found.First)
		}
	})
}

// A history is what vendors show over time, and the settings it is read with.
type history struct {
	folder string
	db     *warehouse.DB
	opts   transform.Options
	pages  int
}

// land stores one more page of a few objects, or finds one gone.
func (h *history) land(t *testing.T, rt *rapid.T) {
	h.pages++
	at := day(1).Add(time.Duration(h.pages) * time.Hour)
	source := rapid.SampledFrom([]string{"productive", "procurify"}).Draw(rt, "source")
	if rapid.IntRange(0, 5).Draw(rt, "gone") == 0 {
		landTombstone(t, h.db, source, drawID(rt), at)
		return
	}
	page := map[string]any{}
	if source == "productive" {
		page["data"] = drawList(rt, source, drawExpense)
		page["included"] = drawList(rt, "included", drawObject)
	} else {
		page["data"] = drawList(rt, source, drawTransaction)
	}
	body, err := json.Marshal(page)
	if err != nil {
		rt.Fatal(err)
	}
	landPage(t, h.db, source, string(body), at)
}

// setUp changes a setting now and then.
func (h *history) setUp(t *testing.T, rt *rapid.T) {
	file := func(name, text string) string {
		path := filepath.Join(h.folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			rt.Fatal(err)
		}
		return path
	}
	switch rapid.IntRange(0, 7).Draw(rt, "setting") {
	case 0:
		h.opts.Sources[0].ApprovedOnly = rapid.Bool().Draw(rt, "approved only")
	case 1:
		h.opts.Timezone = rapid.SampledFrom([]string{"UTC", "America/Los_Angeles", "Asia/Tokyo"}).Draw(rt, "zone")
	case 2:
		h.opts.Sources[1].AmountUnit = rapid.SampledFrom([]string{"", "minor", "major"}).Draw(rt, "unit")
	case 3:
		h.opts.RulesFile = file("rules.csv", "source,field,pattern,reason\n,vendor,"+drawPattern(rt)+",rule\n")
	case 4:
		h.opts.AliasesFile = file("vendors.csv", "match,vendor,who,when,decision\n"+drawPattern(rt)+",Renamed,,,\n")
	case 5:
		rate := rapid.SampledFrom([]string{"1.05", "1.10", "1.25"}).Draw(rt, "rate")
		h.opts.RatesFile = file("rates.csv", "Date,USD,JPY\n2026-01-20,"+rate+",160\n2026-01-10,1.2,150\n")
	}
}

func drawList(rt *rapid.T, label string, one func(*rapid.T) map[string]any) []map[string]any {
	return rapid.SliceOfNDistinct(rapid.Custom(one), 0, 4, key).Draw(rt, label)
}

// key tells the objects of a page apart. The type of a transaction is no part
// of its identity.
func key(object map[string]any) string {
	if object["status"] != nil {
		return fmt.Sprint(object["id"])
	}
	return fmt.Sprint(object["type"], object["id"])
}

func drawID(rt *rapid.T) string { return fmt.Sprint(rapid.IntRange(1, 6).Draw(rt, "id")) }

func drawVendor(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"GitHub", "GITHUB", "GitHub Inc.", "Café", "CAFE", "Uber", "SQ *UBER", " "}).Draw(rt, "vendor")
}

func drawPattern(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"GitHub", "cafe*", "*uber*", "GitHub I*"}).Draw(rt, "pattern")
}

func drawExpense(rt *rapid.T) map[string]any {
	related := func(kind string) map[string]any {
		if rapid.IntRange(0, 2).Draw(rt, kind) == 0 {
			return map[string]any{"data": nil}
		}
		return map[string]any{"data": map[string]any{"type": kind, "id": fmt.Sprint(rapid.IntRange(1, 3).Draw(rt, kind))}}
	}
	return map[string]any{
		"id": drawID(rt), "type": "expenses",
		"attributes": map[string]any{
			"name":                  drawVendor(rt),
			"date":                  rapid.SampledFrom([]string{"2026-01-09", "2026-01-15", "2026-01-25"}).Draw(rt, "date"),
			"currency":              drawCurrency(rt),
			"total_amount_with_tax": rapid.Int64Range(-100, 100_000).Draw(rt, "amount"),
			"approved":              rapid.Bool().Draw(rt, "approved"),
		},
		"relationships": map[string]any{
			"person": related("people"), "creator": related("people"),
			"vendor": related("companies"), "service_type": related("service_types"),
		},
	}
}

func drawObject(rt *rapid.T) map[string]any {
	name := drawVendor(rt)
	return map[string]any{
		"id":         fmt.Sprint(rapid.IntRange(1, 3).Draw(rt, "id")),
		"type":       rapid.SampledFrom([]string{"people", "companies", "service_types"}).Draw(rt, "type"),
		"attributes": map[string]any{"name": name, "first_name": name, "email": name + "@example.com"},
	}
}

func drawTransaction(rt *rapid.T) map[string]any {
	return map[string]any{
		"id":                   rapid.IntRange(1, 6).Draw(rt, "id"),
		"type":                 rapid.SampledFrom([]string{"spend", "spend", "credit"}).Draw(rt, "type"),
		"status":               rapid.SampledFrom([]string{"capture", "refund", "refund", "precapture"}).Draw(rt, "status"),
		"amount":               rapid.SampledFrom([]string{"12.50", "-12.50", "1250", "0.00", "x"}).Draw(rt, "amount"),
		"currency":             drawCurrency(rt),
		"transaction_datetime": rapid.SampledFrom([]string{"2026-01-09T23:30:00Z", "2026-01-15T03:00:00Z"}).Draw(rt, "time"),
		"vendor":               map[string]any{"name": drawVendor(rt)},
	}
}

func drawCurrency(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"EUR", "USD", "JPY", "XXZ"}).Draw(rt, "currency")
}
