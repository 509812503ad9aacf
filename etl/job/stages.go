package job

import (
	"context"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
)

// A Plan is what a run does: the command it belongs to and its stages, in
// order. It is data: making one changes nothing. [Session.Do] runs it.
type Plan struct {
	Command string
	Stages  []Stage
}

// A Stage is one step of a plan.
type Stage struct {
	Name string
	Run  func(context.Context, *Run) (etl.Counts, error)

	// KeepGoing lets the run continue when this stage fails: one source that
	// is down must not hold back the others. The run still reports failure.
	KeepGoing bool

	// Proves says that the stage states the control totals. The run is not
	// balanced before it did.
	Proves bool
}

// Whole is the whole job: read every source, transform what is new, prove the
// totals, export, post and publish.
func Whole(c *config.Config) Plan {
	return Plan{"run", slices.Concat(
		extractStages(c.Sources, ExtractOptions{}),
		transformStages(c),
		[]Stage{snapshotStage(), deliverStage(), publishStage()},
	)}
}

// WholeDryRun reads every source, then only says what a load would post. The
// exact JSON of it goes to the file payload, unless that is empty.
func WholeDryRun(c *config.Config, payload string) Plan {
	return Plan{"run", append(extractStages(c.Sources, ExtractOptions{}), previewStage(payload))}
}

// Extract reads what is new from some sources.
func Extract(sources []config.Source, o ExtractOptions) Plan {
	return Plan{"extract", extractStages(sources, o)}
}

// Sweep reads everything again from all sources.
func Sweep(c *config.Config) Plan {
	return Plan{"sweep", extractStages(c.Sources, ExtractOptions{Sweep: true})}
}

// Backfill reads a past period and says what the next load would post.
func Backfill(c *config.Config, sources []config.Source, b extract.Backfill) Plan {
	return Plan{"backfill", slices.Concat(backfillStages(sources, b), transformStages(c), []Stage{previewStage("")})}
}

// Transform transforms raw records into spend.
func Transform(c *config.Config) Plan {
	return Plan{"transform", transformStages(c)}
}

// Load exports and posts what is new. It transforms first, so that nothing is
// posted that is out of date, and posts only what is proven and stored.
func Load(c *config.Config) Plan {
	return Plan{"load", append(transformStages(c), snapshotStage(), deliverStage(), publishStage())}
}

// SnapshotOnly is [Load] without posting.
func SnapshotOnly(c *config.Config) Plan {
	return Plan{"load", append(transformStages(c), snapshotStage(), publishStage())}
}

// PostOnly is [Load] without a snapshot.
func PostOnly(c *config.Config) Plan {
	return Plan{"load", append(transformStages(c), deliverStage(), publishStage())}
}

// Approve is [Load], but posts exactly what the last load held, if that is the
// held plan of this name; an empty name is any.
func Approve(c *config.Config, held string, by deliver.Decision) Plan {
	return Plan{"load", append(transformStages(c), snapshotStage(), approveStage(held, by), publishStage())}
}

// Verify proves again what earlier runs proved.
func Verify() Plan {
	return Plan{"verify", []Stage{verifyPages(), verifyTotals(), verifySnapshot(), verifyLedger(false)}}
}

// Rebuild is [Verify] with a second warehouse, rebuilt from the stored pages.
// It restores what only the journals and the sent files know; from the store, those
// are fetched first.
func Rebuild(fromStore bool) Plan {
	stages := []Stage{
		landStage(), verifyPages(), refreshStage(), verifyTotals(), verifySnapshot(), verifyLedger(true), verifyRebuild(),
	}
	if fromStore {
		stages = append([]Stage{fetchStage()}, stages...)
	}
	return Plan{"verify", stages}
}
