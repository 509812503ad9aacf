package transform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A sale is one card transaction, of January 2026 unless month says more.
type sale struct {
	vendor, amount string
	month          int
}

// spendWith opens a warehouse in which the sales are spend.
func spendWith(t *testing.T, sales ...sale) *warehouse.DB {
	t.Helper()
	type vendor struct {
		Name string `json:"name"`
	}
	type transaction struct {
		ID     int    `json:"id"`
		Amount string `json:"amount"`
		At     string `json:"transaction_datetime"`
		Vendor vendor `json:"vendor"`

		Currency      string `json:"currency"`
		Type          string `json:"type"`
		Status        string `json:"status"`
		Authorization string `json:"authorization_status"`
	}
	var page struct {
		Data []transaction `json:"data"`
	}
	for i, s := range sales {
		page.Data = append(page.Data, transaction{
			i + 1, s.amount, fmt.Sprintf("2026-%02d-05T10:00:00Z", max(s.month, 1)), vendor{s.vendor},
			"USD", "spend", "capture", "closed",
		})
	}
	body, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	db := openWarehouse(t)
	landPage(t, db, "procurify", string(body), day(6))
	if _, err := transform.Run(t.Context(), db, testOptions()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestSuggest(t *testing.T) {
	db := spendWith(t,
		sale{"Git Hub", "30.00", 0}, sale{"GitHub", "100.00", 0}, sale{"GITHUB INC", "200.00", 0},
		sale{"Acme Travel", "500.00", 0}, sale{"Acme Legal", "500.00", 0},
		sale{"Blue Bottle Cofee", "40.00", 0}, sale{"Blue Bottle Coffee", "90.00", 0},
		sale{"Figma", "10.00", 0}, sale{"Zoom", "10.00", 0})
	tests := map[string]struct {
		least   string
		aliases []transform.Alias
		want    []string
	}{
		"most spend first": {"0.88", nil, []string{
			"0.961 Blue Bottle Cofee 40.0000 → Blue Bottle Coffee 90.0000",
			"1.000 Git Hub 30.0000 → GitHub 300.0000",
		}},
		"branches of one house when asked for less": {"0.55", nil, []string{
			"0.578 Acme Legal 500.0000 → Acme Travel 500.0000",
			"0.961 Blue Bottle Cofee 40.0000 → Blue Bottle Coffee 90.0000",
			"1.000 Git Hub 30.0000 → GitHub 300.0000",
		}},
		"not what was approved": {"0.88", []transform.Alias{{Match: "git hub", Name: "GitHub", Decision: transform.Same}}, []string{
			"0.961 Blue Bottle Cofee 40.0000 → Blue Bottle Coffee 90.0000",
		}},
		"not what was rejected, either way round": {"0.88", []transform.Alias{
			{Match: "github", Name: "GIT HUB", Decision: transform.Different},
			{Match: "Blue Bottle Cofee", Name: "Blue Bottle Coffee", Decision: transform.Different},
		}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			suggestions, err := transform.Suggest(t.Context(), db, tt.aliases, tt.least)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range suggestions {
				got = append(got, fmt.Sprintf("%s %s %s → %s %s", s.Similarity, s.Vendor, s.Amount, s.Into, s.IntoAmount))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("suggestions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApproveShowsWhatItRenames(t *testing.T) {
	db := spendWith(t,
		sale{"GOOGLE *ADS", "30.00", 1}, sale{"Google Ads", "5.00", 2}, sale{"Google", "100.00", 2},
		sale{"AMZN Mktp US*2K4", "7.00", 2}, sale{"***", "1.00", 2}, sale{"Delta", "1.00", 2})
	old := transform.Alias{Match: "amzn*", Name: "Amazon", Who: "bob", When: "2025-01-01", Decision: transform.Same}
	by := func(match, vendor string) transform.Alias {
		return transform.Alias{Match: match, Name: vendor, Who: "ann", When: "2026-03-01", Decision: transform.Same}
	}
	tests := map[string]struct {
		vendor, into string
		aliases      []transform.Alias
		renames      []string
	}{
		"a spelling stands for its vendor": {"Google Ads", "Google",
			[]transform.Alias{old, by("google ads", "Google")}, []string{
				"2026-01 Google Ads → Google: 1, 30.0000",
				"2026-02 Google Ads → Google: 1, 5.0000",
			}},
		"a spelling of a vendor that was merged stands for all of it": {"AMZN Mktp US*2K4", "Amazon Marketplace",
			[]transform.Alias{by("amzn*", "Amazon Marketplace"), by("amzn mktp us 2k4", "Amazon Marketplace")}, []string{
				"2026-02 Amazon → Amazon Marketplace: 1, 7.0000",
			}},
		"a vendor may go by another of its spellings": {"Google Ads", "GOOGLE *ADS",
			[]transform.Alias{old, by("google ads", "GOOGLE *ADS")}, []string{
				"2026-01 Google Ads → GOOGLE *ADS: 1, 30.0000",
				"2026-02 Google Ads → GOOGLE *ADS: 1, 5.0000",
			}},
		"a spelling of another vendor stands for that one": {"Delta", "amzn mktp us*2k4",
			[]transform.Alias{old, by("delta", "Amazon")}, []string{
				"2026-02 Delta → Amazon: 1, 1.0000",
			}},
		"another vendor's name in capitals is that vendor": {"Google Ads", "GOOGLE",
			[]transform.Alias{old, by("google ads", "Google")}, []string{
				"2026-01 Google Ads → Google: 1, 30.0000",
				"2026-02 Google Ads → Google: 1, 5.0000",
			}},
		"a vendor may get a new name": {"Google", "Alphabet",
			[]transform.Alias{old, by("google", "Alphabet")}, []string{
				"2026-02 Google → Alphabet: 1, 100.0000",
			}},
		"a pattern that a line has already": {"amzn*", "AMZN",
			[]transform.Alias{by("amzn*", "AMZN")}, []string{
				"2026-02 Amazon → AMZN: 1, 7.0000",
			}},
		"an earlier merge moves along": {"Amazon", "Amazon Inc",
			[]transform.Alias{by("amzn*", "Amazon Inc"), by("amzn mktp us 2k4", "Amazon Inc")}, []string{
				"2026-02 Amazon → Amazon Inc: 1, 7.0000",
			}},
		"a pattern that is new": {"goog*", "Google",
			[]transform.Alias{old, by("goog*", "Google")}, []string{
				"2026-01 Google Ads → Google: 1, 30.0000",
				"2026-02 Google Ads → Google: 1, 5.0000",
			}},
		"stars in a name are no pattern": {"***", "Unreadable",
			[]transform.Alias{old, by("[*][*][*]", "Unreadable")}, []string{
				"2026-02 *** → Unreadable: 1, 1.0000",
			}},
	}
	// The alias that is there already is in force.
	opts := testOptions()
	opts.AliasesFile = filepath.Join(t.TempDir(), "vendors.csv")
	if err := transform.WriteAliasFile(opts.AliasesFile, []transform.Alias{old}); err != nil {
		t.Fatal(err)
	}
	if _, err := transform.Run(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			aliases, err := transform.Approve(t.Context(), db, []transform.Alias{old},
				transform.Decision{Vendor: tt.vendor, Into: tt.into, Who: "ann", When: "2026-03-01"})
			if diff := cmp.Diff(tt.aliases, aliases); diff != "" || err != nil {
				t.Errorf("err %v, aliases (-want +got):\n%s", err, diff)
			}
			renames, err := transform.Renames(t.Context(), db, aliases)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range renames {
				got = append(got, fmt.Sprintf("%s %s → %s: %d, %s", r.Month, r.Vendor, r.Into, r.Records, r.Amount))
			}
			if diff := cmp.Diff(tt.renames, got); diff != "" {
				t.Errorf("renames (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADecisionAboutNobodyIsRefused(t *testing.T) {
	db := spendWith(t, sale{"GitHub", "1.00", 0}, sale{"Figma", "1.00", 0})
	decide := map[string]func(transform.Decision) error{
		"approve": func(d transform.Decision) error {
			_, err := transform.Approve(t.Context(), db, nil, d)
			return err
		},
		"reject": func(d transform.Decision) error {
			_, err := transform.Reject(t.Context(), db, nil, d)
			return err
		},
	}
	tests := map[string]struct{ command, vendor, into, want string }{
		"an unknown vendor":     {"approve", "Nobody", "GitHub", `no spend has the vendor "Nobody"`},
		"no name":               {"approve", "Figma", "  ", "vendor is empty"},
		"a long name":           {"approve", "Figma", strings.Repeat("x", 256), "longer than 255"},
		"its own name":          {"approve", "FIGMA", "Figma", `"FIGMA" is posted as "Figma" already`},
		"to reject the unknown": {"reject", "Figma", "Nobody", `no spend has the vendor "Nobody"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := decide[tt.command](transform.Decision{Vendor: tt.vendor, Into: tt.into, Who: "ann", When: "2026-03-01"})
			var usage *etl.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a usage error that says %q", err, tt.want)
			}
		})
	}
}

func TestAnApprovalDoesNotSplitAVendor(t *testing.T) {
	db := spendWith(t, sale{"Google", "1.00", 0}, sale{"GOOGLE *ADS", "1.00", 0})
	merged := []transform.Alias{{Match: "google ads", Name: "Google", Decision: transform.Same}}
	opts := testOptions()
	opts.AliasesFile = filepath.Join(t.TempDir(), "vendors.csv")
	if err := transform.WriteAliasFile(opts.AliasesFile, merged); err != nil {
		t.Fatal(err)
	}
	if _, err := transform.Run(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	_, err := transform.Approve(t.Context(), db, merged, transform.Decision{Vendor: "goog*", Into: "Alphabet", Who: "ann", When: "2026-03-01"})
	var usage *etl.UsageError
	if want := `would leave "Google" under several names: Alphabet, Google`; !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a usage error that says %q", err, want)
	}
}

func TestARejectionIsRememberedOnce(t *testing.T) {
	db := spendWith(t, sale{"GITHUB INC", "1.00", 0}, sale{"Figma", "1.00", 0})
	var aliases []transform.Alias
	for _, spelling := range []string{"GITHUB INC", "github"} {
		var err error
		aliases, err = transform.Reject(t.Context(), db, aliases, transform.Decision{Vendor: spelling, Into: "figma", Who: "ann", When: "2026-03-01"})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []transform.Alias{{Match: "GITHUB INC", Name: "Figma", Who: "ann", When: "2026-03-01", Decision: transform.Different}}
	if diff := cmp.Diff(want, aliases); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
}

func TestAReviewChangesNothing(t *testing.T) {
	db := spendWith(t, sale{"Git Hub", "1.00", 0}, sale{"GitHub", "2.00", 0})
	before := dump(t, db, "test/spend.sql", nil)
	aliases := []transform.Alias{{Match: "git*", Name: "X", Decision: transform.Same}}
	if _, err := transform.Renames(t.Context(), db, aliases); err != nil {
		t.Fatal(err)
	}
	if renames, err := transform.Renames(t.Context(), db, nil); err != nil || len(renames) != 0 {
		t.Errorf("the aliases of the last question are still there: %v, %v", renames, err)
	}
	if diff := cmp.Diff(before, dump(t, db, "test/spend.sql", nil)); diff != "" {
		t.Errorf("spend changed (-before +after):\n%s", diff)
	}
}

func TestAnAliasFileComesBackAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vendors.csv")
	want := []transform.Alias{
		{Match: "amzn*", Name: "Amazon, the shop", Who: "ann", When: "2026-01-31", Decision: transform.Same},
		{Match: "Quoted \"name\"", Name: "with a  gap", Who: "", When: "", Decision: transform.Different},
	}
	if err := transform.WriteAliasFile(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := transform.ReadAliasFile(t.Context(), openWarehouse(t), path)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("err %v, aliases (-want +got):\n%s", err, diff)
	}
}
