package job

import (
	"context"
	"encoding/json"
	"path/filepath"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
)

// likelyVendors is how similar two vendors must be to be shown in a report.
const likelyVendors = "0.88"

// afterRun does what follows every run that has ended: its report, the state
// that probes read while the warehouse is busy, and word to whom it concerns.
// None of it can fail the run. It returns the report's path, or "".
func (r *Run) afterRun(ctx context.Context) string {
	log := r.Log.With(etl.KeyRun, string(r.ID))
	path := ""
	if len(r.Result.Stages) > 0 { // else it was a decision, such as settle
		path = filepath.Join(r.Config.ReportsDir(), string(r.ID)+".html")
		if err := r.WriteReport(ctx, r.ID, path); err != nil {
			log.WarnContext(ctx, "report not written", etl.Err(err))
			path = ""
		}
	}
	state, err := r.State(ctx)
	if err != nil {
		log.WarnContext(ctx, "state not read", etl.Err(err))
		return path
	}
	if err := r.saveState(state); err != nil {
		log.WarnContext(ctx, "state not saved", etl.Err(err))
	}
	if r.Ended != nil {
		r.Ended(ctx, r.Session, Ended{Run: r.ID, Report: path, State: state})
	}
	return path
}

// WriteReport writes the page of a run. Without vendor suggestions it is still
// worth having.
func (s *Session) WriteReport(ctx context.Context, run etl.RunID, path string) error {
	suggestions, err := s.suggestions(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "vendor suggestions left out", etl.Err(err))
	}
	return report.Write(ctx, s.DB, run, suggestions, path)
}

func (s *Session) suggestions(ctx context.Context) ([]report.Suggestion, error) {
	aliases, err := transform.ReadAliasFile(ctx, s.DB, s.Config.Vendors.AliasesFile)
	if err != nil {
		return nil, err
	}
	found, err := transform.Suggest(ctx, s.DB, aliases, likelyVendors)
	suggestions := make([]report.Suggestion, 0, len(found))
	for _, f := range found {
		suggestions = append(suggestions, report.Suggestion{Vendor: f.Vendor, Into: f.Into, Similarity: f.Similarity, Amount: f.Amount})
	}
	return suggestions, err
}

// State finds out how the installation stands.
func (s *Session) State(ctx context.Context) (*report.State, error) {
	names := make([]string, 0, len(s.Config.Sources))
	for _, source := range s.Config.Sources {
		names = append(names, source.Name)
	}
	return report.ReadState(ctx, s.DB, names, s.Now())
}

// saveState keeps the state for whoever asks while another run is at work.
func (s *Session) saveState(state *report.State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return durable.WriteFile(s.Config.StateFile(), text, 0o600)
}
