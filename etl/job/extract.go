package job

import (
	"context"
	"fmt"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
)

// An ExtractOptions says how sources are read.
type ExtractOptions struct {
	Accept *extract.Acceptance // of what earlier runs listed as vanished
	Sweep  bool                // read everything again
}

// extractStages reads sources one after the other. One that is down does not
// hold back the next.
func extractStages(sources []config.Source, o ExtractOptions) []Stage {
	read := (*extract.Extractor).Run
	if o.Sweep {
		read = (*extract.Extractor).Sweep
	}
	stages := make([]Stage, 0, len(sources))
	for _, source := range sources {
		stages = append(stages, extractStage("extract/", source, func(ctx context.Context, _ *Run, x *extract.Extractor, s extract.Source) (extract.Report, error) {
			x.Accept = o.Accept
			return read(x, ctx, s)
		}))
	}
	return stages
}

// An extraction is one way to read a source.
type extraction func(context.Context, *Run, *extract.Extractor, extract.Source) (extract.Report, error)

func extractStage(prefix string, source config.Source, read extraction) Stage {
	name := prefix + source.Name
	return Stage{Name: name, KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		vendor, err := r.openSource(source)
		if err != nil {
			return etl.Counts{}, err
		}
		progress, done := r.Progress(name)
		defer done()
		x := r.extractor(name, source, progress)
		report, err := read(ctx, r, x, vendor)
		r.Result.addExtract(report)
		if x.Accept != nil {
			r.Result.note(fmt.Sprintf("%s: %s accepted %s listed disappearances", source.Name, x.Accept.Who, etl.Number(report.Accepted)))
		}
		return report.Counts, err
	}}
}

func (r *Run) extractor(stage string, source config.Source, progress etl.Progress) *extract.Extractor {
	return &extract.Extractor{
		DB: r.DB, Folder: r.Config.DataDir, Now: r.Now, RunID: r.ID, Progress: progress,
		Log: r.Log.With(etl.KeyRun, string(r.ID), etl.KeyStage, stage, etl.KeySource, source.Name),
	}
}

// OpenSource makes the client of a source's vendor, with limits that the
// vendor's budget is added to.
func (o Options) OpenSource(s config.Source, limits httpretry.Options) (extract.Source, error) {
	o = o.withDefaults()
	limits.Redact = o.Redact
	return extract.Open(o.Vendors, s, limits, o.Schemas)
}

// openSource makes a patient one.
func (o Options) openSource(s config.Source) (extract.Source, error) {
	return o.OpenSource(s, httpretry.Options{
		MaxWait: time.Duration(s.MaxWait), Log: o.Log.With(etl.KeySource, s.Name), Retried: o.retried(s.BaseURL),
	})
}

// backfillStages reads a past period, source by source.
func backfillStages(sources []config.Source, b extract.Backfill) []Stage {
	var stages []Stage
	for _, source := range sources {
		stages = append(stages, extractStage("backfill/", source, func(ctx context.Context, r *Run, x *extract.Extractor, s extract.Source) (extract.Report, error) {
			if !r.Interactive {
				x.OnProof = func(p extract.Proof) {
					x.Log.Info("window read", etl.KeyWindow, p.Name, etl.KeyRecords, p.Found, etl.KeyPage, p.Pages, etl.KeyPass, p.Passes)
				}
			}
			return x.Backfill(ctx, s, b)
		}))
	}
	return stages
}

// addExtract adds what the extraction of one source did and proved.
func (r *Result) addExtract(report extract.Report) {
	r.Extract = append(r.Extract, report)
	if report.First && !report.From.IsZero() && r.Command != "backfill" {
		from := report.From.Format(time.DateOnly)
		r.note(fmt.Sprintf("%s was read for the first time, from %s on; earlier spend needs: spendbridge backfill --source %s --from 2024-01-01 --to %s",
			report.Source, from, report.Source, from))
	}
	for _, p := range report.Proofs {
		if !p.Proven {
			r.note(fmt.Sprintf("%s: the window %s is not proven: %s; the next run reads it again", report.Source, p.Name, p.Reason))
		}
	}
	if u := report.Unconfirmed; u.Records > 0 {
		r.note(fmt.Sprintf("%s: %s records could not be confirmed and stay as they were; the next run asks again: %s",
			report.Source, etl.Number(u.Records), strings.Join(u.First, "; ")))
	}
	for _, news := range report.News {
		r.note(fmt.Sprintf("%s sends what its schema does not know: %s", report.Source, news))
	}
}

// A BackfillPlan is what a backfill of one source would read.
type BackfillPlan struct {
	Source   string                  `json:"source"`
	Records  int                     `json:"records"`
	Requests int                     `json:"requests"`
	Windows  []extract.PlannedWindow `json:"windows"`
}

// PlanBackfill returns what a backfill would read, and reads none of it.
func (s *Session) PlanBackfill(ctx context.Context, sources []config.Source, b extract.Backfill) ([]BackfillPlan, error) {
	plans := []BackfillPlan{}
	for _, source := range sources {
		plan := BackfillPlan{Source: source.Name}
		vendor, err := s.openSource(source)
		if err == nil {
			plan.Windows, err = s.unrecorded().extractor("backfill/"+source.Name, source, nil).Plan(ctx, vendor, b)
		}
		if err != nil {
			return nil, fmt.Errorf("plan of %s: %w", source.Name, err)
		}
		for _, w := range plan.Windows {
			plan.Records += w.Records
			plan.Requests += w.Requests
		}
		plans = append(plans, plan)
	}
	return plans, nil
}
