package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/report"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// transformStages transform raw records into spend, with today's rates.
func transformStages(c *config.Config) []Stage {
	if c.FX.URL == "" {
		return []Stage{transformStage()}
	}
	return []Stage{ratesStage(), transformStage()}
}

// ratesStage fetches the reference rates, once a day. As long as there are
// older ones, an answer that does not come is only noted; a bad one needs
// attention.
func ratesStage() Stage {
	return Stage{Name: "rates", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		client := httpretry.New(httpretry.Options{Log: r.Log, Redact: r.Redact, Tries: 3, Retried: r.retried(r.Config.FX.URL)})
		kept, err := extract.KeepRates(ctx, client, r.Config.FX.URL, r.Config.RatesFile(), r.Now(), func(content []byte) error {
			return transform.CheckRates(ctx, r.DB, content)
		})
		switch {
		case errors.Is(err, extract.ErrBadRates) && kept:
			return etl.Counts{}, &etl.NeedsPersonError{
				What: fmt.Sprintf("fx.url: %v; the rates fetched before are used", err), Fix: "see what that address answers, or correct fx.url",
			}
		case err != nil && kept:
			r.Log.WarnContext(ctx, "rates not fetched", etl.Err(err))
			r.Result.note(fmt.Sprintf("older reference rates are used: %v", err))
			return etl.Counts{}, nil
		}
		return etl.Counts{}, err
	}}
}

// transformStage transforms raw records into spend, then checks it.
func transformStage() Stage {
	return Stage{Name: "transform", Proves: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		result, err := transform.Run(ctx, r.DB, r.transformOptions())
		if err != nil {
			return etl.Counts{}, err
		}
		*r.Result.Balanced = true
		r.Result.SetAside = result.LeftOut
		for _, w := range result.Warnings {
			r.Result.note(w.Source + ": " + w.Text)
		}
		return result.Counts, result.Err()
	}}
}

// snapshotStage writes Parquet files, reads them back, and lets readers see
// them.
func snapshotStage() Stage {
	return Stage{Name: "snapshot", Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		inputs, err := r.snapshotInputs(ctx)
		if err != nil {
			return etl.Counts{}, err
		}
		taken, err := snapshot.Take(ctx, r.DB, snapshot.Options{
			Folder: r.Config.SnapshotsDir(), Access: r.access, RunID: r.ID, Inputs: inputs, Schemas: r.Schemas, Now: r.Now,
			Keep: r.Config.Snapshots.Keep, KeepFor: time.Duration(r.Config.Snapshots.KeepFor),
		})
		if err != nil {
			return etl.Counts{}, err
		}
		if r.Store != nil {
			if err := snapshot.Store(ctx, r.DB, r.Store, taken, r.Now()); err != nil {
				return etl.Counts{}, err
			}
		}
		rows := taken.Manifest.Rows
		r.Result.Snapshot = &SnapshotResult{ID: taken.ID, Path: taken.Path, Rows: rows}
		r.spend = taken.Manifest.LogicalHash
		counts := etl.Counts{Read: int(rows)}
		if taken.ID == string(r.ID) { // else the one before shows the same
			counts.Written = int(rows)
		}
		return counts, nil
	}}
}

func deliverStage() Stage { return postStage("deliver", (*deliver.Delivery).Post) }

func approveStage(held string, by deliver.Decision) Stage {
	return postStage("approve", func(d *deliver.Delivery, ctx context.Context) (deliver.Result, error) {
		return d.Approve(ctx, held, by)
	})
}

// postStage posts. Analysts get their copy even if it fails.
func postStage(name string, post func(*deliver.Delivery, context.Context) (deliver.Result, error)) Stage {
	return Stage{Name: name, KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		progress, done := r.Progress(name)
		defer done()
		if err := r.storeFirst(ctx); err != nil {
			return etl.Counts{}, fmt.Errorf("nothing is posted: %w", err)
		}
		result, err := post(r.Delivery(progress), ctx)
		r.Result.Delivery = &result
		if result.Accepted > 0 {
			err = errors.Join(err, transform.KeepNames(context.WithoutCancel(ctx), r.DB))
		}
		return etl.Counts{
			Read:    result.New + result.Changed + result.Touched + result.Withdrawn,
			Written: result.Accepted,
			Skipped: result.Rejected + result.Unknown + result.Held + result.Pending,
		}, err
	}}
}

// publishStage replaces the copy for analysts if anything that it shows has
// changed. It is the last stage, so that the copy can say how the run ended.
func publishStage() Stage {
	return Stage{Name: "publish", Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		path := r.Config.PublishedFile()
		_, err := snapshot.Refresh(ctx, r.DB, snapshot.PublishOptions{
			Path: path, Access: r.access, Schemas: r.Schemas, RunID: r.ID, Now: r.Now, Spend: r.spend,
		}, func(ctx context.Context) error { return r.save(ctx, errors.Join(r.seen...)) })
		if err != nil {
			return etl.Counts{}, err
		}
		r.Result.Published = path
		return etl.Counts{}, nil
	}}
}

func previewStage(payload string) Stage {
	return Stage{Name: "preview", Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		dry, err := r.dryRun(ctx, payload)
		if err != nil {
			return etl.Counts{}, err
		}
		r.Result.NextLoad = &dry
		return etl.Counts{Read: dry.New + dry.Changed + dry.Touched + dry.Withdrawn}, nil
	}}
}

// DryRun says what a load would post, and records nothing of it. The exact
// JSON goes to the file payload, unless that is empty.
func (s *Session) DryRun(ctx context.Context, payload string) (deliver.DryRun, error) {
	return s.unrecorded().dryRun(ctx, payload)
}

// dryRun does what a load does up to its first byte, in a transaction that is
// rolled back.
func (r *Run) dryRun(ctx context.Context, payload string) (dry deliver.DryRun, err error) {
	err = r.DB.Undone(ctx, func(tx *warehouse.Tx) error {
		if _, err := transform.In(ctx, tx, r.transformOptions()); err != nil {
			return err
		}
		if dry, err = r.Delivery(nil).DryRun(ctx, tx, payload); err != nil {
			return err
		}
		dry.Undelivered, err = report.ReadUndelivered(ctx, tx)
		return err
	})
	return dry, err
}

// Delivery says what is posted where.
func (r *Run) Delivery(progress etl.Progress) *deliver.Delivery {
	return &deliver.Delivery{
		DB: r.DB, Folder: r.Config.DataDir, Store: r.Store, Schemas: r.Schemas, Productiv: r.Config.Productiv,
		RunID: r.ID, Today: r.Started.In(r.Config.Location()), Now: r.Now,
		Log: r.Log.With(etl.KeyRun, string(r.ID), etl.KeyStage, "deliver"), Redact: r.Redact, Progress: progress, Waited: r.retried(r.Config.Productiv.BaseURL),
		SettingsHash: r.dueHash, ModelsHash: transform.HashModels,
		MaxQuarantined: r.Config.Quarantine.MaxShare,
	}
}

func (r *Run) transformOptions() transform.Options {
	c := r.Config
	return transform.Options{
		RunID: r.ID, Now: r.Now,
		ReportingCurrency: c.ReportingCurrency, Timezone: c.ReportingTimezone, Sources: c.Sources,
		AliasesFile: c.Vendors.AliasesFile, AliasesAssumed: c.Vendors.Assumed, CategoriesFile: c.Categories.File,
		RatesFile: c.RatesFile(), RatesFetched: c.FX.URL != "", RulesFile: c.RulesFile, TypesFile: c.TypesFile,
		QuarantineMaxShare: strconv.FormatFloat(c.Quarantine.MaxShare, 'f', -1, 64),
	}
}

// dueHash changes with every setting that decides which records are due.
func (r *Run) dueHash(ctx context.Context, db warehouse.Runner) (string, error) {
	c := r.Config
	type source struct {
		Name, AmountBasis, AmountUnit, HiddenVendor string
		ApprovedOnly                                bool
		MinorUnits                                  map[string]int
	}
	var due struct {
		PostFrom string
		Rules    string
		Sources  []source
	}
	due.PostFrom = c.Productiv.PostFrom.Format(time.DateOnly)
	for _, s := range c.Sources {
		due.Sources = append(due.Sources, source{s.Name, s.AmountBasis, s.AmountUnit, s.HiddenVendor, s.ApprovedOnly, s.MinorUnits})
	}
	files, err := transform.HashUserFiles(ctx, db)
	if err != nil {
		return "", err
	}
	due.Rules = files.Rules
	text, err := json.Marshal(due)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// snapshotInputs names what spend depends on besides the raw data.
func (r *Run) snapshotInputs(ctx context.Context) (inputs snapshot.Inputs, err error) {
	inputs.Program, inputs.Config = r.Program, r.Config.Hash()
	if inputs.SQL, err = transform.HashModels(r.DB); err != nil {
		return inputs, err
	}
	files, err := transform.HashUserFiles(ctx, r.DB)
	if err != nil {
		return inputs, err
	}
	inputs.Aliases, inputs.Rules, inputs.Categories = files.Aliases, files.Rules, files.Categories
	return inputs, r.DB.Get(ctx, "job/run.rates_hash", nil, &inputs.Rates)
}
