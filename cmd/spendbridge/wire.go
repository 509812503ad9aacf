package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
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
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// transformStages make spend of what raw.records holds, with today's rates.
func (r *run) transformStages() []etl.Stage {
	if r.config.FX.URL == "" {
		return []etl.Stage{r.transformStage()}
	}
	return []etl.Stage{r.ratesStage(), r.transformStage()}
}

// ratesStage fetches the reference rates, once a day. As long as there are
// older ones, an answer that does not come is only noted; a bad one needs
// attention.
func (r *run) ratesStage() etl.Stage {
	return etl.Stage{Name: "rates", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		client := httpretry.New(httpretry.Options{Log: r.log, Tries: 3})
		kept, err := extract.KeepRates(ctx, client, r.config.FX.URL, r.config.RatesFile(), r.now(), func(content []byte) error {
			return transform.CheckRates(ctx, r.db, content)
		})
		switch {
		case errors.Is(err, extract.ErrBadRates) && kept:
			return etl.Counts{}, &etl.NeedsPersonError{
				What: fmt.Sprintf("fx.url: %v; the rates fetched before are used", err), Mend: "look at what that address answers",
			}
		case err != nil && kept:
			r.log.WarnContext(ctx, "rates not fetched", etl.Err(err))
			r.result.note(fmt.Sprintf("older reference rates are used: %v", err))
			return etl.Counts{}, nil
		}
		return etl.Counts{}, err
	}}
}

// transformStage makes spend of what raw.records holds, then checks it.
func (r *run) transformStage() etl.Stage {
	r.result.Balanced = new(bool) // until it is proven
	return etl.Stage{Name: "transform", Run: func(ctx context.Context) (etl.Counts, error) {
		result, err := transform.Run(ctx, r.db, r.transformOptions())
		if err != nil {
			return etl.Counts{}, err
		}
		*r.result.Balanced = true
		r.result.SetAside = setAside(result)
		for _, w := range result.Warnings {
			r.result.note(w.Source + ": " + w.Text)
		}
		return result.Counts, result.Err()
	}}
}

// snapshotStage writes Parquet files, reads them back, and lets readers see
// them.
func (r *run) snapshotStage() etl.Stage {
	r.result.expectTotals()
	return etl.Stage{Name: "snapshot", Run: func(ctx context.Context) (etl.Counts, error) {
		inputs, err := r.snapshotInputs(ctx)
		if err != nil {
			return etl.Counts{}, err
		}
		snapshot, err := snapshot.Take(ctx, r.db, snapshot.Options{
			Folder: r.config.SnapshotsDir(), RunID: r.id, Inputs: inputs, Schemas: schemas.FS, Now: r.now,
			Keep: r.config.Snapshots.Keep, KeepFor: time.Duration(r.config.Snapshots.KeepFor),
		})
		if err != nil {
			return etl.Counts{}, err
		}
		rows := snapshot.Manifest.Rows
		r.result.Snapshot = &snapshotResult{ID: snapshot.ID, Path: snapshot.Path, Rows: rows}
		return etl.Counts{Read: int(rows), Written: int(rows)}, nil
	}}
}

// deliverStage posts what is new.
func (r *run) deliverStage() etl.Stage {
	return r.postStage("deliver", func(ctx context.Context, d *deliver.Delivery) (deliver.Result, error) {
		return d.Post(ctx)
	})
}

// postStage posts. Analysts get their copy even if it fails.
func (r *run) postStage(name string, post func(context.Context, *deliver.Delivery) (deliver.Result, error)) etl.Stage {
	r.result.expectTotals()
	return etl.Stage{Name: name, KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		progress, done := r.progress(name)
		defer done()
		result, err := post(ctx, r.delivery(progress))
		r.result.Delivery = &result
		return etl.Counts{
			Read:    result.New + result.Changed + result.Touched + result.Withdrawn,
			Written: result.Accepted,
			Skipped: result.Rejected + result.Unknown + result.Held + result.Pending,
		}, err
	}}
}

// publishStage replaces the copy for analysts. It is the last stage, so that
// the copy can say how the run ended.
func (r *run) publishStage() etl.Stage {
	return etl.Stage{Name: "publish", Run: func(ctx context.Context) (etl.Counts, error) {
		if err := r.save(ctx, errors.Join(r.seen...)); err != nil {
			return etl.Counts{}, err
		}
		path := r.config.PublishedFile()
		if err := snapshot.Publish(ctx, r.db, snapshot.PublishOptions{Path: path, Schemas: schemas.FS}); err != nil {
			return etl.Counts{}, err
		}
		r.result.Published = path
		return etl.Counts{}, nil
	}}
}

// delivery says what is posted where.
func (r *run) delivery(progress etl.Progress) *deliver.Delivery {
	return &deliver.Delivery{
		DB: r.db, Folder: r.config.DataDir, Schemas: schemas.FS, Productiv: productiv(r.config),
		RunID: r.id, Today: r.started.In(r.config.Location()), Now: r.now,
		Log: r.log.With(etl.KeyRun, string(r.id), etl.KeyStage, "deliver"), Progress: progress,
		SettingsHash: r.dueHash, MaxQuarantined: r.config.Quarantine.MaxShare,
	}
}

func productiv(c *config.Config) deliver.Productiv {
	p := c.Productiv
	return deliver.Productiv{
		BaseURL: p.BaseURL, TokenURL: p.TokenURL, TokenAuth: p.TokenAuth,
		ClientID: p.ClientID.Reveal(), ClientSecret: p.ClientSecret.Reveal(),
		AppID: p.AppID, AppIDs: p.AppIDs,
		RecordSchema: p.RecordSchema, BatchSize: p.BatchSize, OnChange: p.OnChange, InDoubt: p.InDoubt,
		AssumeAtomic422: p.AssumeAtomic422, PostFrom: p.PostFrom.Time, Concurrency: p.Concurrency, FirstLoad: p.FirstLoad,
		HoldChangesAbove: p.HoldChangesAbove, HoldVolumeAbove: p.HoldVolumeAbove,
		MaxWait: time.Duration(p.MaxWait),
	}
}

func (r *run) transformOptions() transform.Options {
	c := r.config
	sources := make([]transform.Source, 0, len(c.Sources))
	for _, s := range c.Sources {
		sources = append(sources, transform.Source{
			Name: s.Name, Kind: s.Kind, Tenant: s.Tenant(),
			AmountBasis: s.AmountBasis, ApprovedOnly: s.ApprovedOnly, AmountUnit: s.AmountUnit,
			MinorUnits: s.MinorUnits, CardholderEmails: s.CardholderEmails, HiddenVendor: s.HiddenVendor,
		})
	}
	return transform.Options{
		RunID: r.id, Now: r.now,
		ReportingCurrency: c.ReportingCurrency, Timezone: c.ReportingTimezone, Sources: sources,
		AliasesFile: c.Vendors.AliasesFile, AliasesAssumed: c.Vendors.Assumed,
		RatesFile: c.RatesFile(), RatesFetched: c.FX.URL != "", RulesFile: c.RulesFile, TypesFile: c.TypesFile,
		QuarantineMaxShare: strconv.FormatFloat(c.Quarantine.MaxShare, 'f', -1, 64),
	}
}

// dueHash changes with every setting that decides which records are due.
func (r *run) dueHash(ctx context.Context, db warehouse.Runner) (string, error) {
	c := r.config
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
	var err error
	if due.Rules, err = transform.HashRules(ctx, db); err != nil {
		return "", err
	}
	text, err := json.Marshal(due)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// snapshotInputs names what spend is made with besides the raw data.
func (r *run) snapshotInputs(ctx context.Context) (snapshot.Inputs, error) {
	inputs := snapshot.Inputs{Program: version().String(), Config: r.config.Hash()}
	var faults [4]error
	inputs.SQL, faults[0] = snapshot.HashSQL(sqlfiles.FS)
	inputs.Aliases, faults[1] = transform.HashAliases(ctx, r.db)
	inputs.Rules, faults[2] = transform.HashRules(ctx, r.db)
	faults[3] = r.db.Get(ctx, "queries/run_rates_hash.sql", nil, &inputs.Rates)
	if errors.Is(faults[3], sql.ErrNoRows) {
		faults[3] = nil // there are no rates
	}
	return inputs, errors.Join(faults[:]...)
}
