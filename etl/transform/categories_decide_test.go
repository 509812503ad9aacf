package transform_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A categorized is a warehouse whose spend has given categories.
type categorized struct {
	*testing.T
	db   *warehouse.DB
	opts transform.Options
}

// spendOn makes spend of card purchases, one for each category: the later ones
// are the smaller ones. "globex/Meals" is a purchase of the source globex, all
// others are of procurify. lines are those of the categories file.
func spendOn(t *testing.T, lines string, categories ...string) *categorized {
	t.Helper()
	c := &categorized{T: t, db: openWarehouse(t), opts: testOptions()}
	c.opts.Sources = append(c.opts.Sources, config.Source{Name: "globex", Kind: "procurify", Domain: "globex"})
	c.opts.CategoriesFile = filepath.Join(t.TempDir(), "categories.csv")
	write(t, c.opts.CategoriesFile, "source,match,category,who,when,decision\n"+lines)
	bodies := map[string][]string{}
	for i, category := range categories {
		source, name, found := strings.Cut(category, "/")
		if !found {
			source, name = "procurify", category
		}
		bodies[source] = append(bodies[source], fmt.Sprintf(`{"id": %d, "type": "spend", "status": "capture", "authorization_status": "closed",
			"currency": "USD", "amount": "%d.00", "transaction_datetime": "2026-01-05T10:00:00Z", "vendor": {"name": "Initech", "category": %q}}`, i, 100-i, name))
	}
	for source, records := range bodies {
		landPage(t, c.db, source, `{"data": [`+strings.Join(records, ",")+`]}`, day(6))
	}
	c.transform()
	return c
}

func (c *categorized) transform() {
	c.Helper()
	if _, err := transform.Run(c.Context(), c.db, c.opts); err != nil {
		c.Fatal(err)
	}
}

func (c *categorized) read() []transform.CategoryLine {
	c.Helper()
	lines, err := transform.ReadCategoriesFile(c.Context(), c.db, c.opts.CategoriesFile)
	if err != nil {
		c.Fatal(err)
	}
	return lines
}

// posted are the categories that the file gives each category received.
func (c *categorized) posted() []string {
	c.Helper()
	c.transform()
	lines := dump(c, c.db, "test/spend.sql", []string{"source", "category_raw", "category"})
	for i, line := range lines {
		fields := strings.Split(line, "\t")
		lines[i] = strings.TrimPrefix(fields[0]+"/", "procurify/") + fields[1] + " = " + fields[2]
	}
	return lines
}

func (c *categorized) pairs(least string) []string {
	c.Helper()
	suggestions, err := transform.SuggestCategories(c.Context(), c.db, c.read(), least)
	if err != nil {
		c.Fatal(err)
	}
	pairs := make([]string, 0, len(suggestions))
	for _, s := range suggestions {
		pairs = append(pairs, s.Category+" ~ "+s.Into)
	}
	return pairs
}

// Names and longer forms of them are suggested; those that only share a word
// are not.
func TestCategoriesThatMayBeOne(t *testing.T) {
	c := spendOn(t, "",
		"Meals and entertainment", "Airlines", "Office supplies", "Professional services", "Bank fees", "Car rental", "Hardware",
		"Telecommunication", "Taxi", "Couriers", "Internet", "Software", "Fuel",
		"Meals", "airlines_air_carriers", "Office rent", "Professional development", "Late fees", "Car insurance", "Meals & Entertainment",
		"TELECOMMUNICATION", "Office equipment", "Courier services", "Insurance", "Soft drinks", "Rent",
	)
	want := []string{
		"Meals ~ Meals and entertainment",
		"airlines_air_carriers ~ Airlines",
		"Meals & Entertainment ~ Meals and entertainment",
		"Meals & Entertainment ~ Meals",
		"TELECOMMUNICATION ~ Telecommunication",
		"Courier services ~ Couriers",
	}
	if diff := cmp.Diff(want, c.pairs("0.85")); diff != "" {
		t.Errorf("suggestions (-want +got):\n%s", diff)
	}
}

// What was decided is not suggested: a rejected pair, a merged one, and one
// spelling of which a line for one source has made two.
func TestDecidedCategoriesAreNotSuggested(t *testing.T) {
	c := spendOn(t, `,MEALS,meals & entertainment,,,different
,airlines air carriers,Airlines,,,
globex,travel,Trips,,,
`, "Meals and entertainment", "Meals & Entertainment", "Airlines", "Travel", "globex/Travel", "Meals", "airlines_air_carriers")
	want := []string{"Meals & Entertainment ~ Meals and entertainment", "Meals ~ Meals and entertainment"}
	if diff := cmp.Diff(want, c.pairs("0.85")); diff != "" {
		t.Errorf("suggestions (-want +got):\n%s", diff)
	}
}

func TestApproveACategory(t *testing.T) {
	tests := map[string]struct {
		lines      string
		received   []string
		decision   transform.CategoryDecision
		want       string // the file below its first line
		wantPosted []string
	}{
		"into another": {
			"", []string{"Airlines", "airlines_air_carriers"},
			transform.CategoryDecision{Category: "airlines_air_carriers", Into: "Airlines"},
			",airlines_air_carriers,Airlines,ann,2026-01-31,\n",
			[]string{"Airlines = Airlines", "airlines_air_carriers = Airlines"},
		},
		"both by another spelling": {
			"", []string{"Airlines", "airlines_air_carriers"},
			transform.CategoryDecision{Category: "AIRLINES, air-carriers", Into: "airlines"},
			",airlines_air_carriers,Airlines,ann,2026-01-31,\n",
			[]string{"Airlines = Airlines", "airlines_air_carriers = Airlines"},
		},
		"a new name": {
			"", []string{"Meals", "meals"},
			transform.CategoryDecision{Category: "Meals", Into: "Food"},
			",Meals,Food,ann,2026-01-31,\n",
			[]string{"Meals = Food", "meals = Food"},
		},
		"another spelling of its own": {
			"", []string{"MEALS", "meals"},
			transform.CategoryDecision{Category: "MEALS", Into: "Meals"},
			",MEALS,Meals,ann,2026-01-31,\n",
			[]string{"MEALS = Meals", "meals = Meals"},
		},
		"with all its spellings": {
			",lunch,Meals,bob,2026-01-01,\n,din*,Meals,,,\n,hotel,Lodging,,,\n,Meals,Metals,,,different\n",
			[]string{"Meals", "lunch", "dinner", "hotel"},
			transform.CategoryDecision{Category: "lunch", Into: "Food"},
			",lunch,Food,ann,2026-01-31,\n,din*,Food,ann,2026-01-31,\n,hotel,Lodging,,,\n,Meals,Metals,,,different\n,Meals,Food,ann,2026-01-31,\n",
			[]string{"Meals = Food", "lunch = Food", "dinner = Food", "hotel = Lodging"},
		},
		"into the one that has the name as a spelling": {
			",lunch,Meals,,,\n", []string{"Meals", "lunch", "snacks"},
			transform.CategoryDecision{Category: "snacks", Into: "lunch"},
			",lunch,Meals,,,\n,snacks,Meals,ann,2026-01-31,\n",
			[]string{"Meals = Meals", "lunch = Meals", "snacks = Meals"},
		},
		"of one source": {
			",lunch,Meals,,,\n", []string{"Meals", "lunch", "globex/Meals", "globex/lunch"},
			transform.CategoryDecision{Category: "Meals", Into: "Food", Source: "globex"},
			",lunch,Meals,,,\nglobex,Meals,Food,ann,2026-01-31,\nglobex,lunch,Food,ann,2026-01-31,\n",
			[]string{"Meals = Meals", "lunch = Meals", "globex/Meals = Food", "globex/lunch = Food"},
		},
		"of one source, back to what it says": {
			",Meals,Food,,,\n", []string{"Meals", "globex/Meals"},
			transform.CategoryDecision{Category: "Food", Into: "Meals", Source: "globex"},
			",Meals,Food,,,\nglobex,Meals,Meals,ann,2026-01-31,\n",
			[]string{"Meals = Food", "globex/Meals = Meals"},
		},
		"another source's line stays": {
			"globex,Meals,Food,,,\n", []string{"Meals", "globex/Meals"},
			transform.CategoryDecision{Category: "Meals", Into: "Catering"},
			"globex,Meals,Food,,,\n,Meals,Catering,ann,2026-01-31,\n",
			[]string{"Meals = Catering", "globex/Meals = Food"},
		},
		"a pattern": {
			",TRAVEL*,Trips,,,\n", []string{"travel_air", "travel_hotel"},
			transform.CategoryDecision{Category: "travel*", Into: "Travel"},
			",travel*,Travel,ann,2026-01-31,\n",
			[]string{"travel_air = Travel", "travel_hotel = Travel"},
		},
		"a star of its own": {
			"", []string{"Five * hotel", "Five star hotel"},
			transform.CategoryDecision{Category: "Five * hotel", Into: "Hotels"},
			",Five [*] hotel,Hotels,ann,2026-01-31,\n",
			[]string{"Five * hotel = Hotels", "Five star hotel = Five star hotel"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := spendOn(t, tt.lines, tt.received...)
			tt.decision.Who, tt.decision.When = "ann", "2026-01-31"
			lines, err := transform.ApproveCategory(t.Context(), c.db, c.read(), tt.decision)
			if err != nil {
				t.Fatal(err)
			}
			if err := transform.WriteCategoriesFile(c.opts.CategoriesFile, lines); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(c.opts.CategoriesFile)
			if err != nil {
				t.Fatal(err)
			}
			_, below, _ := strings.Cut(string(text), "\n")
			if diff := cmp.Diff(tt.want, below); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wantPosted, c.posted()); diff != "" {
				t.Errorf("posted (-want +got):\n%s", diff)
			}
		})
	}
}

// What the next transform renames is shown, and nothing changes by it.
func TestWhatAnApprovalRenames(t *testing.T) {
	c := spendOn(t, "", "Meals", "meals", "Travel")
	lines := []transform.CategoryLine{{Match: "meals", Name: "Food", Decision: transform.Same}}
	got, err := transform.CategoryRenames(t.Context(), c.db, lines)
	want := []transform.CategoryRename{
		{Month: "2026-01", Category: "Meals", Into: "Food", Records: 1, Amount: "100.0000"},
		{Month: "2026-01", Category: "meals", Into: "Food", Records: 1, Amount: "99.0000"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("err %v, renames (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"Meals = Meals", "meals = meals", "Travel = Travel"}, c.posted()); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
}

func TestADecisionAboutCategoriesIsRefused(t *testing.T) {
	c := spendOn(t, ",lunch,Meals,,,\n", "Meals", "lunch", "globex/Travel", strings.Repeat("long ", 60))
	tests := map[string]struct {
		decide   func(d transform.CategoryDecision) error
		decision transform.CategoryDecision
		want     string
	}{
		"an unknown category":      {c.approve, transform.CategoryDecision{Category: "Nothing", Into: "Meals"}, `no spend has the category "Nothing"; see: spendbridge categories list`},
		"unknown to the source":    {c.approve, transform.CategoryDecision{Category: "Travel", Into: "Meals", Source: "procurify"}, `no spend of procurify has the category "Travel"`},
		"its own name":             {c.approve, transform.CategoryDecision{Category: "lunch", Into: "Meals"}, `"lunch" is posted as "Meals" already`},
		"no name":                  {c.approve, transform.CategoryDecision{Category: "Meals", Into: " "}, "category is empty"},
		"a line break":             {c.approve, transform.CategoryDecision{Category: "Meals", Into: "Fo\nod"}, "category contains a line break"},
		"a name that is too long":  {c.approve, transform.CategoryDecision{Category: "Meals", Into: strings.TrimSpace(strings.Repeat("long ", 60))}, "category is longer than 255 characters"},
		"a rejection of one":       {c.reject, transform.CategoryDecision{Category: "lunch", Into: "MEALS"}, `"lunch" and "MEALS" are one category: "Meals"`},
		"a rejection of nothing":   {c.reject, transform.CategoryDecision{Category: "Meals", Into: "Nothing"}, `no spend has the category "Nothing"`},
		"a rejection of no length": {c.reject, transform.CategoryDecision{Category: "", Into: "Meals"}, `no spend has the category ""`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var usage *etl.UsageError
			if err := tt.decide(tt.decision); !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a usage error that says %q", err, tt.want)
			}
		})
	}
}

func (c *categorized) approve(d transform.CategoryDecision) error {
	_, err := transform.ApproveCategory(c.Context(), c.db, c.read(), d)
	return err
}

func (c *categorized) reject(d transform.CategoryDecision) error {
	_, err := transform.RejectCategory(c.Context(), c.db, c.read(), d)
	return err
}

func TestCategoriesAreListedWithTheirSpellings(t *testing.T) {
	c := spendOn(t, ",lunch,Meals,,,\n", "Travel", "globex/lunch", "Meals", "")
	got, err := transform.ListCategories(t.Context(), c.db)
	want := []transform.Category{
		{Name: "Meals", Records: 2, Amount: "197.0000", Mapped: true, LastOn: "2026-01-05", Sources: []string{"globex", "procurify"}, Spellings: []string{"Meals", "lunch"}},
		{Name: "Travel", Records: 1, Amount: "100.0000", LastOn: "2026-01-05", Sources: []string{"procurify"}, Spellings: []string{"Travel"}},
		{Name: "", Records: 1, Amount: "97.0000", LastOn: "2026-01-05", Sources: []string{"procurify"}, Spellings: []string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("err %v, categories (-want +got):\n%s", err, diff)
	}
}
