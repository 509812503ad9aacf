package deliver_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/warehouse"
)

func TestAVolumeOutOfLineIsHeldUntilApproved(t *testing.T) {
	s := newScene(t)
	s.Productiv.HoldVolumeAbove = 2.5
	add := func(load, records int) {
		for i := range records {
			s.put(spend{id: fmt.Sprintf("a-%d-%d", load, i), amount: "1"})
		}
	}
	add(1, 4) // the first load has nothing to be compared with
	s.mustPost()
	add(2, 10) // 10 = 2.5 × 4
	s.mustPost()
	add(3, 11) // the median of 4 and 10, the lower one, is 4
	result, err := s.post()
	checkError(t, err, "11 records are held by the gate hold_volume_above", true)
	if result.New != 11 || result.Held != 11 || result.Accepted != 0 {
		t.Errorf("%+v, want the whole load held", result)
	}
	s.nextRun()
	approved, err := s.Approve(t.Context(), "", deliver.Decision{By: "Jo", Note: "year-end"})
	if err != nil || approved.Accepted != 11 || approved.Held != 0 {
		t.Errorf("%+v, %v; want the held records accepted", approved, err)
	}
}

// An approval is for the items, not for one run: if they could not be posted,
// the next load does.
func TestAnApprovalOutlivesAFailedLoad(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange, s.Productiv.HoldChangesAbove = config.OnChangeCompensate, 1
	s.put(spend{id: "a", amount: "1"}, spend{id: "b", amount: "2"})
	s.mustPost()
	s.put(spend{id: "a", amount: "1.5"}, spend{id: "b", amount: "2.5"})
	_, err := s.post()
	checkError(t, err, "2 records are held by the gate hold_changes_above", true)
	s.remote.replies = []reply{said(403)}
	s.nextRun()
	_, err = s.Approve(t.Context(), "", deliver.Decision{By: "Jo", Note: "fine"})
	checkError(t, err, "lack the scope", false)
	if result := s.mustPost(); result.Accepted != 4 || result.Held != 0 {
		t.Errorf("%+v, want two reversals and two new versions accepted", result)
	}
}

// Every gate holds what it is for, and nothing else.
func TestGates(t *testing.T) {
	fill := func(s *scene, from, to int, amount string) {
		for i := from; i <= to; i++ {
			s.put(spend{id: fmt.Sprint("r-", i), amount: amount})
		}
	}
	quarantine := func(s *scene, n int) {
		for i := range n {
			s.exec("quarantine_put.sql", warehouse.Args{"spend_id": fmt.Sprint("q-", i), "source": "productive", "reason": "currency_unknown", "at": s.Now()})
		}
	}
	tests := map[string]struct {
		before func(*scene) // up to a first load
		after  func(*scene)
		held   int
		gate   string
	}{
		"first load: another source of the same target": {
			before: func(s *scene) { fill(s, 1, 2, "1") },
			after: func(s *scene) {
				s.Productiv.FirstLoad = config.FirstLoadHold
				s.put(spend{id: "p", amount: "1", source: "procurify"})
			},
			held: 1, gate: "first_load",
		},
		"first load: not the second one": {
			before: func(s *scene) { fill(s, 1, 2, "1") },
			after:  func(s *scene) { s.Productiv.FirstLoad = config.FirstLoadHold; fill(s, 3, 4, "1") },
		},
		"backfill: what it brought": {
			before: func(s *scene) { fill(s, 1, 2, "1") },
			after:  func(s *scene) { fill(s, 3, 4, "1"); s.backfilled("r-3") },
			held:   1, gate: "backfill",
		},
		"backfill: not what was delivered before": {
			before: func(s *scene) { fill(s, 1, 2, "1") },
			after:  func(s *scene) { s.backfilled("r-1") },
		},
		"backfill: what a setting made due": {
			before: func(s *scene) {
				s.Productiv.PostFrom = config.Date{Time: date("2026-03-01")}
				s.put(spend{id: "early", amount: "1", day: "2026-02-01"})
				fill(s, 1, 2, "1")
			},
			after: func(s *scene) {
				s.Productiv.PostFrom, s.SettingsHash = config.Date{Time: date("2026-01-01")}, settings("another")
				fill(s, 3, 3, "1")
			},
			held: 1, gate: "backfill",
		},
		"backfill: what a rule excluded": {
			before: func(s *scene) {
				fill(s, 1, 2, "1")
				s.exec("excluded_put.sql", warehouse.Args{"spend_id": "ruled", "source": "productive", "reason": "rule:payroll", "at": s.Now()})
			},
			after: func(s *scene) {
				s.SettingsHash = settings("another")
				s.exec("unspend.sql", warehouse.Args{"spend_id": "ruled"})
				s.put(spend{id: "ruled", amount: "1"})
				s.exec("spend_version.sql", warehouse.Args{"spend_id": "ruled", "version": 2})
			},
			held: 1, gate: "backfill",
		},
		"backfill: not what the vendor changed": {
			before: func(s *scene) {
				fill(s, 1, 2, "1")
				s.exec("excluded_put.sql", warehouse.Args{"spend_id": "draft", "source": "productive", "reason": "not_approved", "at": s.Now()})
			},
			after: func(s *scene) {
				s.SettingsHash = settings("another")
				s.exec("unspend.sql", warehouse.Args{"spend_id": "draft"})
				s.put(spend{id: "draft", amount: "1"})
				s.exec("spend_version.sql", warehouse.Args{"spend_id": "draft", "version": 3})
			},
		},
		"backfill: not what only its day made due": {
			before: func(s *scene) { fill(s, 1, 2, "1"); s.put(spend{id: "future", amount: "1", day: "2026-11-22"}) },
			after:  func(s *scene) { s.Today, s.SettingsHash = date("2026-11-22"), settings("another") },
		},
		"backfill: what only another version of this program words otherwise": {
			before: func(s *scene) {
				s.Productiv.OnChange, s.Productiv.RecordSchema = config.OnChangeResend, config.SchemaSpend
				fill(s, 1, 4, "1")
			},
			after: func(s *scene) {
				s.ModelsHash = models("another")
				for i := 1; i <= 4; i++ {
					s.put(spend{id: fmt.Sprint("r-", i), amount: "1", vendor: "GitLab"})
				}
			},
			held: 4, gate: "backfill",
		},
		"changes: touched ones count where they are posted": {
			before: func(s *scene) {
				s.Productiv.OnChange, s.Productiv.RecordSchema = config.OnChangeResend, config.SchemaSpend
				fill(s, 1, 4, "1")
			},
			after: func(s *scene) {
				s.Productiv.HoldChangesAbove = 3
				for i := 1; i <= 4; i++ {
					s.put(spend{id: fmt.Sprint("r-", i), amount: "1", vendor: "GitLab"})
				}
			},
			held: 4, gate: "hold_changes_above",
		},
		"changes: not those at the limit": {
			before: func(s *scene) { s.Productiv.OnChange = config.OnChangeCompensate; fill(s, 1, 4, "1") },
			after:  func(s *scene) { s.Productiv.HoldChangesAbove = 4; fill(s, 1, 4, "2") },
		},
		"quarantine: much of the source": {
			before: func(s *scene) { fill(s, 1, 20, "1") },
			after:  func(s *scene) { s.MaxQuarantined = 0.05; quarantine(s, 11); fill(s, 21, 21, "1") },
			held:   1, gate: "quarantine",
		},
		"quarantine: not ten": {
			before: func(s *scene) { fill(s, 1, 20, "1") },
			after:  func(s *scene) { s.MaxQuarantined = 0.05; quarantine(s, 10); fill(s, 21, 21, "1") },
		},
		"quarantine: not within the share": {
			before: func(s *scene) { fill(s, 1, 20, "1") },
			after:  func(s *scene) { s.MaxQuarantined = 0.5; quarantine(s, 11); fill(s, 21, 21, "1") },
		},
		"quarantine: not what was there before": {
			before: func(s *scene) { s.MaxQuarantined = 0.05; fill(s, 1, 20, "1"); quarantine(s, 11) },
			after:  func(s *scene) { fill(s, 21, 21, "1") },
		},
		"quarantine: not another source": {
			before: func(s *scene) { fill(s, 1, 20, "1") },
			after: func(s *scene) {
				s.MaxQuarantined = 0.05
				quarantine(s, 11)
				s.put(spend{id: "p", amount: "1", source: "procurify"})
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			tt.before(s)
			s.mustPost()
			tt.after(s)
			result, err := s.post()
			if result.Held != tt.held {
				t.Fatalf("%d held, want %d", result.Held, tt.held)
			}
			if tt.held > 0 {
				checkError(t, err, fmt.Sprintf("%d records are held by the gate %s", tt.held, tt.gate), true)
				if again, _ := s.post(); again.Held != tt.held { // it does not pass by waiting
					t.Fatalf("%d held by the load after it, want %d", again.Held, tt.held)
				}
			}
			if tt.held > 0 {
				s.approve()
				if result, _ := s.post(); result.Held+result.New != 0 {
					t.Errorf("%+v, want everything posted in the end", result)
				}
			}
			for key, n := range s.remote.copies() {
				if n != 1 && s.Productiv.OnChange != config.OnChangeResend {
					t.Errorf("%s was stored %d times", key, n)
				}
			}
		})
	}
}

// backfilled makes a record one that a backfill brought.
func (s *scene) backfilled(id string) {
	s.t.Helper()
	for _, file := range []string{"backfill_run.sql", "backfill_page.sql", "backfill_record.sql"} {
		s.exec(file, warehouse.Args{"spend_id": id})
	}
}

func TestAFirstLoadShowsWhatItWouldPost(t *testing.T) {
	s := newScene(t)
	s.Productiv.FirstLoad = config.FirstLoadHold
	s.mustPost() // nothing to post is never held
	s.put(spend{id: "a", amount: "1000", currency: "JPY"}, spend{id: "b", amount: "2", day: "2026-04-01"})
	result, err := s.post()
	checkError(t, err, "2 records are held by the gate first_load", true)
	if result.Plan == nil || result.Preview == nil {
		t.Fatalf("%+v, want a plan and its preview", result)
	}
	cells := []deliver.Sum{
		{Class: "new", Source: "productive", Currency: "JPY", Month: "2026-03", Records: 1, Amount: "1000.0000"},
		{Class: "new", Source: "productive", Currency: "USD", Month: "2026-04", Records: 1, Amount: "2.0000"},
	}
	if diff := cmp.Diff(cells, result.Preview.Cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	s.nextRun()
	_, err = s.Approve(t.Context(), "000000", jo)
	checkError(t, err, "the last load listed plan "+result.Plan.Name+", not 000000", true)
	s.nextRun()
	if posted, err := s.Approve(t.Context(), result.Plan.Name, jo); err != nil || posted.Accepted != 2 {
		t.Errorf("%+v, %v; want both accepted", posted, err)
	}
}

// A reversal without its new version is never quiet, and the version goes out
// whatever the settings say by then.
func TestHalfACompensation(t *testing.T) {
	half := func(t *testing.T) *scene {
		s := newScene(t)
		s.Productiv.OnChange, s.Productiv.MaxWait = config.OnChangeCompensate, config.Duration(time.Second)
		s.put(spend{id: "a", amount: "10"})
		s.mustPost()
		s.put(spend{id: "a", amount: "12"})
		s.remote.replies = []reply{{}, {status: 429, header: http.Header{"Retry-After": {"3600"}}}}
		s.post()
		s.wantOnce("a", "a-rev1")
		return s
	}
	t.Run("is completed whatever changed meanwhile", func(t *testing.T) {
		s := half(t)
		s.Productiv.PostFrom, s.SettingsHash = config.Date{Time: date("2026-10-01")}, settings("another")
		s.Productiv.OnChange, s.Productiv.FirstLoad = config.OnChangeReport, config.FirstLoadHold
		s.Productiv.HoldVolumeAbove = 0.1
		s.backfilled("a")
		s.mustPost()
		s.wantOnce("a", "a-rev1", "a-v2")
	})
	t.Run("in quarantine needs attention in every run", func(t *testing.T) {
		s := half(t)
		s.drop("a")
		s.exec("quarantine_put.sql", warehouse.Args{"spend_id": "a", "source": "productive", "reason": "currency_unknown", "at": s.Now()})
		for range 2 {
			_, err := s.post()
			checkError(t, err, "1 records are reversed at Productiv without their new version", true)
		}
	})
	t.Run("of a record that is no spend any more is whole", func(t *testing.T) {
		s := half(t)
		s.drop("a")
		s.exec("excluded_put.sql", warehouse.Args{"spend_id": "a", "source": "productive", "reason": "gone", "at": s.Now()})
		s.mustPost()
	})
}

func TestADecisionNeedsAReason(t *testing.T) {
	s := newScene(t)
	_, err := s.Approve(t.Context(), "", deliver.Decision{By: "Jo"})
	checkError(t, err, "needs a name and a reason", false)
}
