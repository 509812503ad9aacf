package deliver_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
)

// elsewhere goes on with another data folder, as another machine does.
func (s *scene) elsewhere() {
	s.t.Helper()
	s.Folder = s.t.TempDir()
	s.inStore(s.share)
}

// However often a machine is killed while it posts and another one takes over, nothing is
// lost or doubled, and a kill leaves at most one batch per connection in doubt.
func TestKilledMachinesOfALake(t *testing.T) {
	kills := 4
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		kills = 64
	}
	lake := etltest.NewLake(t)
	killLoads(newScene(t).onLake(lake), kills, config.OnChangeReport, config.SchemaFinance, (*scene).elsewhere)
}

// What gates hold is listed anew by each load, and once.
func TestGatesOfALake(t *testing.T) {
	s := newScene(t).onLake(etltest.NewLake(t))
	s.Productiv.FirstLoad = config.FirstLoadHold
	s.fill(3)
	for range 2 {
		if result, _ := s.post(); result.Held != 3 || result.Plan == nil || result.Plan.Items() != 3 {
			t.Fatalf("%+v, want 3 held", result)
		}
	}
	if result := s.approve(); result.Accepted != 3 {
		t.Errorf("%+v, want 3 accepted", result)
	}
	if result := s.mustPost(); result.New != 0 {
		t.Errorf("%+v, want nothing to do", result)
	}
}

// What a worker was sending is unknown from the moment at which another one takes over,
// and names that worker, before anything is recovered.
func TestATakeoverOfALakeLeavesNothingSending(t *testing.T) {
	s := newScene(t).onLake(etltest.NewLake(t))
	s.fill(3)
	s.mustPost()
	s.exec("batches_sending.sql", nil)
	s.DB.Close()
	s.open()
	left := s.table("batches_history.sql", nil)
	if want := fmt.Sprintf("process %d on test has left it without an answer", os.Getpid()); !strings.Contains(left, "unknown") || !strings.Contains(left, want) {
		t.Errorf("%s\nwant it unknown: %s", left, want)
	}
}
