package deliver_test

import (
	"os"
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
