package job

import (
	"os"
	"testing"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
)

// newLakeInstallation is an installation that works on a new lake.
func newLakeInstallation(t *testing.T) (*config.Config, etltest.Lake) {
	t.Helper()
	c, lake := newInstallation(t), etltest.NewLake(t)
	c.Warehouse, c.Lake.DataPath, c.Extensions = lake.Location, lake.DataPath, lake.Extensions
	c.Store = "file://" + t.TempDir()
	return c, lake
}

func TestUpkeepKeepsALakeSmall(t *testing.T) {
	c, lake := newLakeInstallation(t)
	var last *Result
	for range 2 {
		last = runOnce(t, c)
	}
	before := len(lake.Files(t))
	later := time.Now().Add(time.Hour)
	prune := func(days int, yes bool) *PrunedLake { return pruneIn(t, c, days, later, yes).Lake }
	if p := prune(0, false); p.Versions != 0 {
		t.Errorf("of today it finds %+v", p)
	}
	lake.MakeOlder(t)
	if p := prune(0, false); p.Versions == 0 || len(lake.Files(t)) != before {
		t.Errorf("a dry run finds %+v, and leaves %d of %d files", p, len(lake.Files(t)), before)
	}
	if p := prune(0, true); p.Files != 0 || len(lake.Files(t)) < before {
		t.Errorf("it deletes on the day on which it finds: %+v", p)
	}
	merged := len(lake.Files(t))
	p := prune(2, true)
	after := len(lake.Files(t))
	if p.Files == 0 || after >= merged {
		t.Errorf("two days later: %+v, and there are %d files, before %d", p, after, merged)
	}
	const tables = 40 // that have rows, at most
	if after > tables {
		t.Errorf("%d files are left; one for each table would do", after)
	}
	again := runOnce(t, c)
	if again.Delivery.New != 0 || again.Balanced == nil || !*again.Balanced {
		t.Errorf("the next run: %+v", again.Delivery)
	}
	if again.Snapshot.Rows != last.Snapshot.Rows {
		t.Errorf("the snapshot has %d rows, before %d", again.Snapshot.Rows, last.Snapshot.Rows)
	}
	if _, err := Do(t.Context(), c, options(), Verify()); err != nil {
		t.Error(err)
	}
}

// A small account runs for most of a year before somebody prunes.
func TestPruneKeepsALakeOfTwoHundredRunsSmall(t *testing.T) {
	if os.Getenv("SPENDBRIDGE_SOAK") == "" {
		t.Skip("takes half an hour: SPENDBRIDGE_SOAK=1 make test-lake")
	}
	c, lake := newLakeInstallation(t)
	for range 200 {
		runOnce(t, c)
	}
	grown := len(lake.Files(t))
	for _, days := range []int{0, 2} { // files are deleted on another day than they are found
		pruneIn(t, c, days, time.Now().Add(time.Hour), true)
	}
	files, catalog := len(lake.Files(t)), lake.CatalogSize(t)
	t.Logf("%d files of %d are left, and a catalog of %d bytes", files, grown, catalog)
	if files > 300 || catalog >= 50_000_000 {
		t.Error("want at most 300 files and less than 50 MB")
	}
	runOnce(t, c)
	if _, err := Do(t.Context(), c, options(), Verify()); err != nil {
		t.Error(err)
	}
}
