package main

import (
	"context"
	"encoding/json"
	"path/filepath"

	"github.com/google/renameio/v2"

	"spendbridge/etl"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
)

// likelyVendors is how similar two vendors must be to be shown in a report.
const likelyVendors = "0.88"

// afterRun does what follows every run that has ended: its report, the state
// that probes read while the warehouse is busy, and word to whom it concerns.
// None of it can fail the run. It returns the report's path, or "".
func (r *run) afterRun(ctx context.Context) string {
	log := r.log.With(etl.KeyRun, string(r.id))
	path := ""
	if len(r.result.Stages) > 0 { // else it was a person's word, such as settle
		path = filepath.Join(r.config.ReportsDir(), string(r.id)+".html")
		if err := r.writeReport(ctx, r.id, path); err != nil {
			log.WarnContext(ctx, "report not written", etl.Err(err))
			path = ""
		}
	}
	if err := r.saveState(ctx); err != nil {
		log.WarnContext(ctx, "state not saved", etl.Err(err))
	}
	if err := r.notify(ctx, path); err != nil {
		log.WarnContext(ctx, "notification not sent", etl.Err(err))
	}
	if r.figures != nil {
		if err := r.figures.measure(ctx, r.session); err != nil {
			log.WarnContext(ctx, "figures not measured", etl.Err(err))
		}
	}
	return path
}

// writeReport writes the page of a run. Without vendor suggestions it is still
// worth having.
func (s *session) writeReport(ctx context.Context, run etl.RunID, path string) error {
	suggestions, err := s.suggestions(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "vendor suggestions left out", etl.Err(err))
	}
	return report.Write(ctx, s.db, run, suggestions, path)
}

func (s *session) suggestions(ctx context.Context) ([]report.Suggestion, error) {
	aliases, err := transform.ReadAliasFile(ctx, s.db, s.config.Vendors.AliasesFile)
	if err != nil {
		return nil, err
	}
	found, err := transform.Suggest(ctx, s.db, aliases, likelyVendors)
	suggestions := make([]report.Suggestion, 0, len(found))
	for _, f := range found {
		suggestions = append(suggestions, report.Suggestion{Vendor: f.Vendor, Into: f.Into, Similarity: f.Similarity, Amount: f.Amount})
	}
	return suggestions, err
}

// state finds out how the installation stands.
func (s *session) state(ctx context.Context) (*report.State, error) {
	names := make([]string, 0, len(s.config.Sources))
	for _, source := range s.config.Sources {
		names = append(names, source.Name)
	}
	return report.ReadState(ctx, s.db, names, s.now())
}

// saveState keeps the state for whoever asks while another run is at work.
func (s *session) saveState(ctx context.Context) error {
	state, err := s.state(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return renameio.WriteFile(s.config.StateFile(), text, 0o600)
}
