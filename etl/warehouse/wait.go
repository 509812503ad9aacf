package warehouse

import (
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// While other threads do all of a statement's work, its caller sleeps this long
// before it asks whether there is a part for it: the first time, and at most.
const (
	shortPause = 20 * time.Microsecond
	longPause  = 500 * time.Microsecond
)

// DuckDB lets the caller of a statement take part in the work, and spin while
// there is none for it. On a machine with other work that takes a third of a
// run's CPU time from those who have work. So the caller sleeps instead.
func init() {
	execute := mapping.ExecutePending
	mapping.ExecutePending = func(pending mapping.PendingResult, result *mapping.Result) mapping.State {
		pause := shortPause
		for {
			switch mapping.PendingExecuteTask(pending) {
			case mapping.PendingStateNoTasksAvailable:
				time.Sleep(pause)
				pause = min(2*pause, longPause)
			case mapping.PendingStateResultNotReady:
				pause = shortPause
			default:
				return execute(pending, result)
			}
		}
	}
}
