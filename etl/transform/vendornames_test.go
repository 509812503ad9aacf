package transform_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A vendorStory is a warehouse whose card transactions arrive one by one.
type vendorStory struct {
	*testing.T
	db    *warehouse.DB
	opts  transform.Options
	sales int
}

func newVendorStory(t *testing.T) *vendorStory {
	s := &vendorStory{T: t, db: openWarehouse(t), opts: testOptions()}
	s.opts.AliasesFile = filepath.Join(t.TempDir(), "vendors.csv")
	return s
}

// sell lands a transaction for each spelling of a vendor, and transforms.
func (s *vendorStory) sell(spellings ...string) {
	s.Helper()
	for _, spelling := range spellings {
		s.sales++
		landPage(s, s.db, "procurify", fmt.Sprintf(`{"data": [{"id": %d, "amount": "1.00", "currency": "USD", "type": "spend", "status": "capture",
			"authorization_status": "closed", "transaction_datetime": "2026-01-05T10:00:00Z", "vendor": {"name": %q}}]}`, s.sales, spelling), day(s.sales))
	}
	s.transform()
}

func (s *vendorStory) transform() {
	s.Helper()
	if _, err := transform.Run(s.Context(), s.db, s.opts); err != nil {
		s.Fatal(err)
	}
}

// accept is Productiv taking all spend as it is.
func (s *vendorStory) accept() {
	s.Helper()
	if _, err := s.db.Exec(s.Context(), "test/accept.sql", warehouse.Args{"at": day(30)}); err != nil {
		s.Fatal(err)
	}
}

// decide writes the alias file.
func (s *vendorStory) decide(aliases ...transform.Alias) {
	s.Helper()
	if err := transform.WriteAliasFile(s.opts.AliasesFile, aliases); err != nil {
		s.Fatal(err)
	}
}

// want checks the names that spend is posted under.
func (s *vendorStory) want(vendors ...string) {
	s.Helper()
	got := dump(s, s.db, "test/spend.sql", []string{"vendor"})
	slices.Sort(got)
	if diff := cmp.Diff(vendors, slices.Compact(got)); diff != "" {
		s.Errorf("vendors (-want +got):\n%s", diff)
	}
}

// wantNames checks the names that are fixed.
func (s *vendorStory) wantNames(names ...string) {
	s.Helper()
	if diff := cmp.Diff(names, dump(s, s.db, "test/names.sql", nil)); diff != "" {
		s.Errorf("ops.vendor_names (-want +got):\n%s", diff)
	}
}

func TestANameIsFixedOnceItWasAccepted(t *testing.T) {
	s := newVendorStory(t)
	s.sell("SQ *CAFE ZOE")
	s.want("SQ *CAFE ZOE")
	s.sell("Cafe Zoe") // nothing is posted yet
	s.want("Cafe Zoe")

	s.accept()
	if err := transform.KeepNames(t.Context(), s.db); err != nil {
		t.Fatal(err)
	}
	s.wantNames("cafe zoe\tCafe Zoe\tSQ *CAFE ZOE")
	s.sell("Café Zoë", "Café Zoë", "Café Zoë")
	s.want("Cafe Zoe")

	respellings, err := transform.Respellings(t.Context(), s.db, nil)
	want := []transform.Respelling{{Vendor: "Cafe Zoe", Better: "Café Zoë", Records: 5, Amount: "5.0000"}}
	if diff := cmp.Diff(want, respellings); diff != "" || err != nil {
		t.Errorf("err %v, better spellings (-want +got):\n%s", err, diff)
	}
	decision := transform.Decision{Vendor: "Cafe Zoe", Into: "Café Zoë", Who: "ann", When: "2026-03-01"}
	rejected, err := transform.Reject(t.Context(), s.db, nil, decision)
	if err != nil {
		t.Fatal(err)
	}
	if respellings, err = transform.Respellings(t.Context(), s.db, rejected); err != nil || len(respellings) > 0 {
		t.Errorf("got %v, %v after it was rejected", respellings, err)
	}

	approved, err := transform.Approve(t.Context(), s.db, nil, decision)
	if err != nil {
		t.Fatal(err)
	}
	s.decide(approved...)
	s.transform()
	s.want("Café Zoë")
	s.wantNames("cafe zoe\tCafé Zoë\tSQ *CAFE ZOE")

	// A line that goes renames nothing: only a decision does.
	s.decide()
	s.transform()
	s.want("Café Zoë")
}

func TestNamesComeBackFromTheLedger(t *testing.T) {
	tests := map[string]func(*vendorStory){
		"the run was killed before it kept them": func(*vendorStory) {},
		"the warehouse was rebuilt": func(s *vendorStory) {
			if err := transform.KeepNames(s.Context(), s.db); err != nil {
				s.Fatal(err)
			}
			if _, err := s.db.Exec(s.Context(), "test/names_lost.sql", nil); err != nil {
				s.Fatal(err)
			}
		},
	}
	for name, lose := range tests {
		t.Run(name, func(t *testing.T) {
			s := newVendorStory(t)
			s.sell("SQ *CAFE ZOE 12345", "GITHUB")
			s.accept()
			lose(s)
			posted := []string{"cafe zoe\tSQ *CAFE ZOE 12345\tSQ *CAFE ZOE 12345", "github\tGITHUB\tGITHUB"}
			s.transform() // nothing is new
			s.wantNames(posted...)
			s.sell("Cafe Zoe", "GitHub", "Figma")
			s.want("Figma", "GITHUB", "SQ *CAFE ZOE 12345")
			s.wantNames(posted...)
		})
	}
}

// Under other rules a record may belong to another vendor than it was posted
// for, whose name it must not take.
func TestWhatWasPostedForAnotherVendorNamesNone(t *testing.T) {
	s := newVendorStory(t)
	s.sell("Hotel 1882")
	s.accept()
	s.sell("Hotel 1898")
	if _, err := s.db.Exec(t.Context(), "test/repost.sql", warehouse.Args{"spend_id": "procurify-acme-txn-2", "vendor": "Hotel 1882", "at": day(30)}); err != nil {
		t.Fatal(err)
	}
	s.transform()
	s.want("Hotel 1882", "Hotel 1898")
	s.wantNames("hotel 1882\tHotel 1882\tHotel 1882")
}
