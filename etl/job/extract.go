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
	return sourceStages("extract/", sources, func(ctx context.Context, _ *Run, x *extract.Extractor, s extract.Source) (extract.Report, error) {
		x.Accept = o.Accept
		return read(x, ctx, s)
	})
}

type extraction func(context.Context, *Run, *extract.Extractor, extract.Source) (extract.Report, error)

func sourceStages(prefix string, sources []config.Source, read extraction) []Stage {
	var stages []Stage
	for _, source := range sources {
		name := prefix + source.Name
		stages = append(stages, Stage{Name: name, KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
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
		}})
	}
	return stages
}

func (r *Run) extractor(stage string, source config.Source, progress etl.Progress) *extract.Extractor {
	return &extract.Extractor{
		DB: r.DB, Folder: r.Config.DataDir, Store: r.Store, Now: r.Now, RunID: r.ID, Progress: progress,
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

func backfillStages(sources []config.Source, b extract.Backfill) []Stage {
	return sourceStages("backfill/", sources, func(ctx context.Context, r *Run, x *extract.Extractor, s extract.Source) (extract.Report, error) {
		if !r.Interactive {
			x.OnProof = func(p extract.Proof) {
				x.Log.Info("window read", etl.KeyWindow, p.Name, etl.KeyRecords, p.Found, etl.KeyPage, p.Pages, etl.KeyPass, p.Passes)
			}
		}
		return x.Backfill(ctx, s, b)
	})
}

func (r *Result) addExtract(report extract.Report) {
	if report.Proofs == nil { // it could not begin
		report.Proofs = []extract.Proof{}
	}
	r.Extract = append(r.Extract, report)
	for _, p := range report.Proofs {
		if !p.Proven {
			r.note(fmt.Sprintf("%s: the window %s is not proven: %s; the next run reads it again", report.Source, p.Name, p.Reason))
		}
	}
	if u := report.Unconfirmed; u.Records > 0 {
		r.note(fmt.Sprintf("%s: %s records could not be confirmed and stay as they were; the next run asks again: %s",
			report.Source, etl.Number(u.Records), strings.Join(u.First, "; ")))
	}
	if n := len(report.News); n > 0 {
		r.note(fmt.Sprintf("%s sends %s members that its schema does not know: %s", report.Source, etl.Number(n), strings.Join(report.News, ", ")))
	}
}

// noteFirst says from which day on sources were read for the first time.
func (r *Run) noteFirst() {
	var days []string
	sources := map[string][]string{}
	for _, report := range r.Result.Extract {
		if !report.First || len(report.Proofs) == 0 || r.Command == "backfill" {
			continue
		}
		day := report.From.Format(time.DateOnly)
		if sources[day] == nil {
			days = append(days, day)
		}
		sources[day] = append(sources[day], report.Source)
	}
	for _, day := range days {
		some := ""
		if len(sources[day]) < len(r.Config.Sources) {
			some = " --source " + strings.Join(sources[day], ",")
		}
		r.Result.note(fmt.Sprintf("%s: read for the first time, from %s on; earlier spend needs: spendbridge backfill%s --from 2024-01-01 --to %s",
			strings.Join(sources[day], ", "), day, some, day))
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
