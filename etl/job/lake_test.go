package job

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
)

// onLake has an installation work on a new lake.
func onLake(t *testing.T, c *config.Config) *config.Config {
	t.Helper()
	lake := etltest.NewLake(t)
	c.Warehouse, c.Lake.DataPath, c.Extensions = lake.Location, lake.DataPath, lake.Extensions
	c.Store = "file://" + t.TempDir()
	return c
}

func TestUpkeepKeepsALakeSmall(t *testing.T) {
	c := onLake(t, newInstallation(t))
	var last *Result
	for range 2 {
		last = runOnce(t, c)
	}
	before := lakeFiles(t, c)
	later := time.Now().Add(time.Hour)
	prune := func(days int, yes bool) *PrunedLake {
		o := options()
		o.Now = func() time.Time { return time.Now().AddDate(0, 0, days) }
		s, err := Open(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p, err := s.prune(t.Context(), later, yes)
		if err != nil {
			t.Fatal(err)
		}
		return p.Lake
	}
	if p := prune(0, false); p.Versions == 0 || lakeFiles(t, c) != before {
		t.Errorf("a dry run finds %+v, and leaves %d of %d files", p, lakeFiles(t, c), before)
	}
	if p := prune(0, true); p.Files != 0 || lakeFiles(t, c) < before {
		t.Errorf("it deletes on the day on which it finds: %+v", p)
	}
	merged := lakeFiles(t, c)
	p := prune(2, true)
	after := lakeFiles(t, c)
	if p.Files == 0 || after >= merged {
		t.Errorf("two days later: %+v, and there are %d files, before %d", p, after, merged)
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

// lakeFiles counts the files of a lake.
func lakeFiles(t *testing.T, c *config.Config) (files int) {
	t.Helper()
	err := filepath.WalkDir(c.Lake.DataPath, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
