package deliver_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
)

var jo = deliver.Decision{By: "Jo", Note: "looked it up"}

func TestOneTargetHasManySpellings(t *testing.T) {
	for _, spelling := range []string{
		"https://PRODUCTIV.example", "https://productiv.example:443/", "http://productiv.example:80", "https://productiv.example.", "https://productiv.example//",
	} {
		t.Run(spelling, func(t *testing.T) {
			s := newScene(t)
			s.put(spend{id: "a", amount: "1"})
			s.mustPost()
			s.Productiv.BaseURL = spelling
			if result := s.mustPost(); result.New != 0 {
				t.Errorf("%+v, want nothing new", result)
			}
		})
	}
}

// A record that another target has is held, whatever led to the other target.
func TestWhatAnotherTargetHasIsHeld(t *testing.T) {
	tests := map[string]func(*config.Productiv){
		"another host":   func(p *config.Productiv) { p.BaseURL = "https://api.productiv.example" },
		"another path":   func(p *config.Productiv) { p.BaseURL = "https://productiv.example/v2" },
		"another port":   func(p *config.Productiv) { p.BaseURL = "https://productiv.example:8443" },
		"another app":    func(p *config.Productiv) { p.AppIDs = map[string]string{"productive": "app-9", "procurify": "app-8"} },
		"swapped apps":   func(p *config.Productiv) { p.AppIDs = map[string]string{"productive": "app-2", "procurify": "app-1"} },
		"one app of two": func(p *config.Productiv) { p.AppIDs = map[string]string{"productive": "app-2", "procurify": "app-2"} },
		"another schema": func(p *config.Productiv) {
			p.BaseURL, p.RecordSchema = "https://api.productiv.example", config.SchemaSpend
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.Productiv.AppIDs = map[string]string{"productive": "app-1", "procurify": "app-2"}
			s.put(spend{id: "a", amount: "1"}, spend{id: "b", amount: "2", source: "procurify"})
			s.mustPost()
			change(&s.Productiv)
			s.put(spend{id: "c", amount: "3"})
			result, err := s.post()
			checkError(t, err, "held by the gate target: another target of Productiv has them", true)
			if result.Accepted != 1 {
				t.Errorf("%+v, want only the new record posted", result)
			}
			s.wantOnce("a", "b", "c")
			s.Productiv.BaseURL, s.Productiv.AppIDs = "https://productiv.example", map[string]string{"productive": "app-1", "procurify": "app-2"}
			s.Productiv.RecordSchema = config.SchemaFinance
			s.post()
			for _, key := range []string{"a", "b"} {
				if s.remote.copies()[key] != 1 {
					t.Errorf("%s was posted again", key)
				}
			}
		})
	}
}

// wantOnce wants each key at Productiv once, and no other.
func (s *scene) wantOnce(keys ...string) {
	s.t.Helper()
	copies := s.remote.copies()
	for key, n := range copies {
		if n != 1 || !slices.Contains(keys, key) {
			s.t.Errorf("%s was stored %d times", key, n)
		}
	}
	if len(copies) != len(keys) {
		s.t.Errorf("stored %v, want %v", copies, keys)
	}
}

func TestATargetThatMovedKeepsItsRecords(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange, s.Productiv.FirstLoad = config.OnChangeCompensate, config.FirstLoadHold
	s.put(spend{id: "a", amount: "1"})
	s.post()
	s.approve()
	s.Productiv.BaseURL = "https://api.productiv.example"
	s.put(spend{id: "b", amount: "2"})
	result, err := s.post()
	checkError(t, err, "--target-moved --from productiv.example/app-1 --to api.productiv.example/app-1", true)
	if result.Held != 2 {
		t.Errorf("%+v, want both held: one by the target, one by the first load", result)
	}
	if err := s.SettleTargetMoved(t.Context(), "https://PRODUCTIV.example/app-1", "api.productiv.example/app-1", jo); err != nil {
		t.Fatal(err)
	}
	s.put(spend{id: "a", amount: "5"})
	s.mustPost()
	s.wantOnce("a", "a-rev1", "a-v2", "b")
	s.Productiv.BaseURL = "https://productiv.example" // the old name leads there too
	if result := s.mustPost(); result.New+result.Changed != 0 {
		t.Errorf("%+v, want nothing to do", result)
	}
}

func (s *scene) approve() deliver.Result {
	s.t.Helper()
	s.nextRun()
	result, err := s.Approve(s.t.Context(), "", jo)
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

func TestTwoTargetsThatBothHaveRecordsAreNotOne(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a", amount: "1"})
	s.mustPost()
	s.Productiv.AppID = "app-2"
	s.put(spend{id: "b", amount: "2"})
	s.post()
	err := s.SettleTargetMoved(t.Context(), "productiv.example/app-1", "productiv.example/app-2", jo)
	checkError(t, err, "so they are two applications", false)
	err = s.SettleTargetMoved(t.Context(), "productiv.example/app-3", "productiv.example/app-2", jo)
	checkError(t, err, "nothing was posted there", false)
}

// What is kept at its target is compensated there; what is new goes to the
// other one.
func TestWhatIsKeptIsCompensatedWhereItIs(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange = config.OnChangeCompensate
	s.put(spend{id: "a", amount: "1"}, spend{id: "b", amount: "2"})
	s.mustPost()
	s.Productiv.AppID = "app-2"
	s.put(spend{id: "a", amount: "3"}, spend{id: "c", amount: "4"})
	s.post()
	records, err := s.SettleTargetKept(t.Context(), jo)
	if err != nil || records != 2 {
		t.Fatalf("%d records, %v; want two kept", records, err)
	}
	s.mustPost()
	s.wantOnce("a", "a-rev1", "a-v2", "b", "c")
	want := "a\tproductiv.example/app-1\n" + "a-rev1\tproductiv.example/app-1\n" + "a-v2\tproductiv.example/app-1\n" +
		"b\tproductiv.example/app-1\n" + "c\tproductiv.example/app-2\n"
	if got := s.table("items_targets.sql", nil); got != "key\ttarget\n"+want {
		t.Errorf("items went to\n%s, want\n%s", got, want)
	}
}

// Where a batch in doubt was sent, there and nowhere else it may be sent again.
func TestABatchInDoubtStaysWithItsTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.Productiv.RecordSchema, s.Productiv.InDoubt = config.SchemaSpend, config.InDoubtResend
		s.put(spend{id: "a", amount: "1"})
		s.remote.replies = repeated(reply{status: 503, store: true}, 6)
		s.post()
		posts := len(s.remote.posts)
		s.Productiv.BaseURL = "https://api.productiv.example"
		_, err := s.post()
		checkError(t, err, "where productiv.base_url no longer leads", true)
		if len(s.remote.posts) != posts {
			t.Error("the batch was sent to another host")
		}
		s.Productiv.BaseURL = "https://productiv.example"
		s.mustPost()
	})
}

// A schema belongs to the item: what was sent as finance has no key that a
// second sending could replace.
func TestWhatWasSentAsFinanceIsNeverSentAgainAsSpend(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a", amount: "1"})
	s.mustPost()
	s.put(spend{id: "b", amount: "2"})
	s.remote.replies = []reply{{status: 503, store: true}}
	s.post()
	s.Productiv.RecordSchema, s.Productiv.OnChange, s.Productiv.InDoubt = config.SchemaSpend, config.OnChangeResend, config.InDoubtResend
	s.put(spend{id: "a", amount: "5"})
	result, err := s.post()
	checkError(t, err, "1 changed and not posted (4.00 USD)", true)
	checkError(t, err, "1 records in 1 batches may or may not have arrived", true)
	if result.Changed != 1 || result.Unknown != 1 {
		t.Errorf("%+v, want a change that is listed and a batch in doubt", result)
	}
	s.wantOnce("a", "b")
	s.Productiv.OnChange = config.OnChangeCompensate
	s.post()
	s.wantOnce("a", "a-rev1", "a-v2", "b")
}

func TestALedgerOfAnOlderVersionIsBroughtIntoNormalForm(t *testing.T) {
	s := newScene(t)
	s.Productiv.BaseURL = "https://productiv.example/prefix"
	s.put(spend{id: "a", amount: "1"})
	s.mustPost()
	for _, file := range []string{"targets_clear.sql", "batches_old.sql", "items_old.sql", "marker_clear.sql"} {
		s.exec(file, nil)
	}
	if result := s.mustPost(); result.New != 0 || result.Held != 0 {
		t.Errorf("%+v, want nothing new and nothing held", result)
	}
	s.wantOnce("a")
}

func TestADismissedDifferenceIsOpenAgainWhenItIsAnother(t *testing.T) {
	for _, policy := range []string{config.OnChangeReport, config.OnChangeCompensate} {
		t.Run(policy, func(t *testing.T) {
			s := newScene(t)
			s.put(spend{id: "a", amount: "10"})
			s.mustPost()
			s.put(spend{id: "a", amount: "12"})
			_, err := s.post()
			checkError(t, err, "1 changed and not posted (2.00 USD)", true)
			if err := s.SettleDismiss(t.Context(), "a", jo); err != nil {
				t.Fatal(err)
			}
			s.Productiv.OnChange = policy
			s.mustPost()
			s.wantOnce("a")
			s.put(spend{id: "a", amount: "500"})
			if _, err := s.post(); policy == config.OnChangeReport && etl.Status(err) != etl.StatusNeedsPerson {
				t.Errorf("%v, want the new difference told", err)
			}
			if policy == config.OnChangeCompensate {
				s.wantOnce("a", "a-rev1", "a-v2")
			}
		})
	}
}
