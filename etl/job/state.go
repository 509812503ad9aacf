package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/durable"
	"spendbridge/etl/report"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// State returns the state of the installation: what the warehouse says, and
// whether the files that it names exist.
func (s *Session) State(ctx context.Context) (*report.State, error) {
	plan, err := deliver.ReadPlan(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	state, err := report.ReadState(ctx, s.DB, config.SourceNames(s.Config.Sources), plan, s.Now())
	if err != nil {
		return nil, err
	}
	if s.note != "" {
		state.Add(true, s.note, "spendbridge run")
	}
	if err := s.checkLatest(ctx, state); err != nil {
		return nil, err
	}
	return state, s.checkPublished(ctx, state)
}

// checkLatest checks the snapshot that readers see. Older ones may be deleted.
func (s *Session) checkLatest(ctx context.Context, state *report.State) error {
	kept, err := warehouse.Strings(ctx, s.DB, "job/run.snapshots", nil)
	if err != nil || len(kept) == 0 {
		return err
	}
	const fix = "spendbridge load --snapshot-only"
	folder := s.Config.SnapshotsDir()
	latest, err := snapshot.Latest(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && latest.ID == "":
		state.Add(false, fmt.Sprintf("the link latest in %s is missing, so readers find no snapshot", folder), fix)
	case err != nil:
		state.Add(false, fmt.Sprintf("the snapshot %s, which latest names, cannot be read: %v", latest.ID, err), fix)
	default:
		for _, file := range latest.Manifest.Files {
			if _, err := os.Stat(filepath.Join(latest.Path, filepath.FromSlash(file.Path))); err != nil {
				state.Add(false, fmt.Sprintf("the latest snapshot is damaged: %v", err), fix)
				return nil
			}
		}
	}
	return nil
}

// checkPublished checks that the analysts' copy exists and is up to date.
func (s *Session) checkPublished(ctx context.Context, state *report.State) error {
	var published, stale bool
	if err := s.DB.Get(ctx, "job/run.published", nil, &published, &stale); err != nil || !published {
		return err
	}
	const fix = "spendbridge load --snapshot-only"
	path := s.Config.PublishedFile()
	if _, err := os.Stat(path); err != nil {
		state.Add(false, fmt.Sprintf("the analysts' copy is missing: %v", err), fix)
	} else if stale {
		state.Add(false, fmt.Sprintf("the analysts' copy %s is older than what the last run made", path), fix)
	}
	return nil
}

// saveState saves the state for status during a run.
func (s *Session) saveState(state *report.State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return durable.WriteFile(s.Config.StateFile(), text, 0o600)
}

// likelyVendors is how similar two vendors must be to be shown in a report.
const likelyVendors = "0.88"

// afterRun does what follows every run: it writes the report, saves the state for
// status during the next run, and notifies. None of it can fail the run. It
// returns the report's path, or "".
func (r *Run) afterRun(ctx context.Context) string {
	log := r.Log.With(etl.KeyRun, string(r.ID))
	state, err := r.State(ctx)
	if err != nil {
		log.WarnContext(ctx, "state not read", etl.Err(err))
		return ""
	}
	r.Result.Undelivered, r.Result.Verdict = state.Open, state.Verdict()
	path := ""
	if len(r.Result.Stages) > 0 { // else it was a decision, such as settle
		path = filepath.Join(r.Config.ReportsDir(), string(r.ID)+".html")
		if err := report.Write(ctx, r.DB, r.ID, state, nil, path); err != nil {
			log.WarnContext(ctx, "report not written", etl.Err(err))
			path = ""
		}
	}
	if err := r.saveState(state); err != nil {
		log.WarnContext(ctx, "state not saved", etl.Err(err))
	}
	if r.Ended != nil {
		r.Ended(ctx, r.Session, Ended{Run: r.ID, Report: path, State: state})
	}
	return path
}

// WriteReport writes the page of a run, with what takes long to find. Without
// vendor suggestions it is still worth having.
func (s *Session) WriteReport(ctx context.Context, run etl.RunID, path string) error {
	state, err := s.State(ctx)
	if err != nil {
		return err
	}
	asked := &report.Asked{}
	if asked.Suggestions, err = s.suggestions(ctx); err != nil {
		s.Log.WarnContext(ctx, "vendor suggestions left out", etl.Err(err))
	}
	if asked.Duplicates, err = report.PossibleDuplicates(ctx, s.DB); err != nil {
		return err
	}
	return report.Write(ctx, s.DB, run, state, asked, path)
}

func (s *Session) suggestions(ctx context.Context) ([]etl.Suggestion, error) {
	aliases, err := transform.ReadAliasFile(ctx, s.DB, s.Config.Vendors.AliasesFile)
	if err != nil {
		return nil, err
	}
	return transform.Suggest(ctx, s.DB, aliases, likelyVendors)
}

// WrittenReport finds the page that a run wrote when it ended, the newest one
// for no name.
func WrittenReport(c *config.Config, name string) (run etl.RunID, path string, written time.Time, err error) {
	pattern := "*.html"
	if name != "" {
		pattern = warehouse.Literal(name) + ".html"
	}
	pages, err := fs.Glob(os.DirFS(c.ReportsDir()), pattern)
	if err != nil || len(pages) == 0 {
		return "", "", written, errors.Join(err, etl.Usagef("no run has written that report yet; see: spendbridge status"))
	}
	page := slices.Max(pages) // run ids sort by time
	path = filepath.Join(c.ReportsDir(), page)
	info, err := os.Stat(path)
	if err != nil {
		return "", "", written, err
	}
	return etl.RunID(strings.TrimSuffix(page, ".html")), path, info.ModTime().UTC(), nil
}
