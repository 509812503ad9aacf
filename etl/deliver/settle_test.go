package deliver_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/warehouse"
)

// listed are the records of a class that nobody signed for.
func (s *scene) listed(class string) []string {
	s.t.Helper()
	ids, err := warehouse.Strings(s.t.Context(), s.DB, "test/undelivered.sql", warehouse.Args{"class": class})
	if err != nil {
		s.t.Fatal(err)
	}
	return ids
}

// One decision settles all records that the last run listed, as far as the
// selection goes, and is the same after a rebuild from the files.
func TestManyRecordsAreSettledAtOnce(t *testing.T) {
	by := deliver.Decision{By: "Jo", Note: "looked them up"}
	euros := deliver.Changes()
	euros.Currency = "EUR"
	old := deliver.Rejected()
	old.OccurredBefore = date("2026-01-01")
	tests := map[string]struct {
		settle func(*deliver.Delivery, context.Context) (int, error)
		want   int
		open   map[string][]string // by class, afterwards
		posts  int                 // of the next load
	}{
		"rejected, retried": {
			func(d *deliver.Delivery, ctx context.Context) (int, error) {
				return d.RetryAll(ctx, deliver.Rejected(), by)
			},
			2, map[string][]string{"changed": {"c-1", "c-2"}}, 2,
		},
		"rejected, dismissed": {
			func(d *deliver.Delivery, ctx context.Context) (int, error) {
				return d.DismissAll(ctx, deliver.Rejected(), by)
			},
			2, map[string][]string{"changed": {"c-1", "c-2"}}, 0,
		},
		"changes in euros, corrected": {
			func(d *deliver.Delivery, ctx context.Context) (int, error) { return d.CorrectAll(ctx, euros, by) },
			1, map[string][]string{"changed": {"c-1"}, "rejected": {"r-1", "r-2"}}, 0,
		},
		"none is that old": {
			func(d *deliver.Delivery, ctx context.Context) (int, error) { return d.DismissAll(ctx, old, by) },
			0, map[string][]string{"changed": {"c-1", "c-2"}, "rejected": {"r-1", "r-2"}}, 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.remote.refuse = func(r map[string]any) bool { return keyOf(r)[:2] == "r-" }
			s.put(spend{id: "c-1", amount: "1"}, spend{id: "c-2", amount: "2", currency: "EUR"},
				spend{id: "r-1", amount: "3"}, spend{id: "r-2", amount: "4"}, spend{id: "k-1", amount: "5"})
			s.post()
			s.put(spend{id: "c-1", amount: "10"}, spend{id: "c-2", amount: "20", currency: "EUR"})
			s.post()

			records, err := tt.settle(&s.Delivery, t.Context())
			var usage *etl.UsageError
			if records != tt.want || (err != nil) != (tt.want == 0) || err != nil && !errors.As(err, &usage) {
				t.Fatalf("%d records, %v; want %d", records, err, tt.want)
			}
			for range 2 {
				for _, class := range []string{"changed", "rejected"} {
					if diff := cmp.Diff(tt.open[class], s.listed(class), cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("%s, and open (-want +got):\n%s", class, diff)
					}
				}
				if _, err := s.RebuildLedger(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			s.remote.refuse = nil
			if next := s.mustPost(); next.Accepted != tt.posts {
				t.Errorf("the next load: %d accepted, want %d", next.Accepted, tt.posts)
			}
		})
	}
}
