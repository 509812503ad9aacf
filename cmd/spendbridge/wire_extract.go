package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/schemas"
)

// extractStages reads sources one after the other. One that is down does not
// hold back the next.
func (r *run) extractStages(sources []config.Source, o extractOptions) []etl.Stage {
	read := (*extract.Extractor).Run
	if o.sweep {
		read = (*extract.Extractor).Sweep
	}
	stages := make([]etl.Stage, 0, len(sources))
	for _, source := range sources {
		stages = append(stages, r.extractStage("extract/", source, func(ctx context.Context, x *extract.Extractor, s extract.Source) (extract.Report, error) {
			x.Accept = o.accept
			return read(x, ctx, s)
		}))
	}
	return stages
}

// An extraction is one way to read a source.
type extraction func(context.Context, *extract.Extractor, extract.Source) (extract.Report, error)

func (r *run) extractStage(prefix string, source config.Source, read extraction) etl.Stage {
	name := prefix + source.Name
	return etl.Stage{Name: name, KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		vendor, err := r.openSource(source)
		if err != nil {
			return etl.Counts{}, err
		}
		progress, done := r.progress(name)
		defer done()
		x := r.extractor(name, source, progress)
		report, err := read(ctx, x, vendor)
		r.result.addExtract(report)
		if x.Accept != nil {
			r.result.note(fmt.Sprintf("%s: %s accepted %s listed disappearances", source.Name, x.Accept.Who, number(report.Accepted)))
		}
		return report.Counts, err
	}}
}

func (r *run) extractor(stage string, source config.Source, progress etl.Progress) *extract.Extractor {
	return &extract.Extractor{
		DB: r.db, Folder: r.config.DataDir, Now: r.now, RunID: r.id, Progress: progress,
		Log: r.log.With(etl.KeyRun, string(r.id), etl.KeyStage, stage, etl.KeySource, source.Name),
	}
}

// openSource makes the client of a source's vendor. A new vendor is one more
// case here.
func (a *app) openSource(s config.Source) (extract.Source, error) {
	log := a.log.With(etl.KeySource, s.Name)
	days := s.Lookback.Days()
	switch s.Kind {
	case config.KindProductive:
		return extract.NewProductive(extract.ProductiveOptions{
			Key: s.Name, BaseURL: s.BaseURL, Token: s.Token.Reveal(), OrganizationID: s.OrganizationID,
			Lookback: days, Schemas: schemas.FS,
			Client: httpretry.New(httpretry.Options{
				Budget:  extract.ProductiveBudget(s.MaxRequestsPerSecond),
				MaxWait: time.Duration(s.MaxWait), Log: log,
			}),
		})
	case config.KindProcurify:
		return extract.NewProcurify(extract.ProcurifyOptions{
			Key: s.Name, BaseURL: s.BaseURL, ClientID: s.ClientID.Reveal(), ClientSecret: s.ClientSecret.Reveal(),
			Lookback: days, Schemas: schemas.FS,
			Client: httpretry.New(httpretry.Options{
				Budget:  extract.ProcurifyBudget(s.MaxRequestsPerSecond),
				MaxWait: time.Duration(s.MaxWait), Log: log,
			}),
		})
	}
	return nil, fmt.Errorf("source %s is of no known kind: %s", s.Name, s.Kind)
}

// addExtract takes in what the extraction of one source did and proved.
func (r *runResult) addExtract(report extract.Report) {
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
			report.Source, number(u.Records), strings.Join(u.First, "; ")))
	}
	for _, news := range report.News {
		r.note(fmt.Sprintf("%s sends what its schema does not know: %s", report.Source, news))
	}
}

// printExtract says for each source how much was read and whether it is all
// there is.
func (r *runResult) printExtract(w io.Writer) {
	if len(r.Extract) == 0 {
		return
	}
	fmt.Fprintln(w, "\nRead, and compared with how many records the vendor counts before and after")
	t := table{head: []string{"", "SOURCE", "FROM", "READ BEFORE", "WINDOWS", "PROVEN", "COUNTED", "FOUND", "PAGES", "GONE", "HELD"}}
	for _, e := range r.Extract {
		proven, counted, found, pages := 0, 0, 0, 0
		for _, p := range e.Proofs {
			counted, found, pages = counted+p.After, found+p.Found, pages+p.Pages
			if p.Proven {
				proven++
			}
		}
		t.add(tick(proven == len(e.Proofs)), e.Source, e.From.Format(time.DateOnly), number(e.DoneAhead), number(len(e.Proofs)), number(proven),
			number(counted), number(found), number(pages), number(e.Gone), number(e.Held))
	}
	t.print(w)
}
