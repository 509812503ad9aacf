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
	var state *report.State
	err := s.DB.Undone(ctx, func(tx *warehouse.Tx) error {
		plan, err := deliver.ReadPlan(ctx, tx)
		if err == nil {
			state, err = report.ReadState(ctx, tx, config.SourceNames(s.Config.Sources), plan, s.Now())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.note != "" {
		state.Add(true, s.note, "spendbridge run")
	}
	if err := s.checkStore(state); err != nil {
		return nil, err
	}
	if err := s.checkLatest(ctx, state); err != nil {
		return nil, err
	}
	return state, s.checkPublished(ctx, state)
}

// exportAgain is the command that writes the snapshot and the copy again.
const exportAgain = "spendbridge load --snapshot-only"

// checkLatest checks the snapshot that readers see. Older ones may be deleted.
func (s *Session) checkLatest(ctx context.Context, state *report.State) error {
	kept, err := warehouse.Strings(ctx, s.DB, "job/run.snapshots", nil)
	if err != nil || len(kept) == 0 {
		return err
	}
	folder := s.Config.SnapshotsDir()
	latest, err := snapshot.Latest(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && latest.ID == "":
		state.Add(false, fmt.Sprintf("the link latest in %s is missing, so readers find no snapshot", folder), exportAgain)
	case err != nil:
		state.Add(false, fmt.Sprintf("the snapshot %s, which latest names, cannot be read: %v", latest.ID, err), exportAgain)
	default:
		for _, file := range latest.Manifest.Files {
			if _, err := os.Stat(filepath.Join(latest.Path, filepath.FromSlash(file.Path))); err != nil {
				state.Add(false, fmt.Sprintf("the latest snapshot is damaged: %v", err), exportAgain)
				return nil
			}
		}
	}
	return nil
}

func (s *Session) checkPublished(ctx context.Context, state *report.State) error {
	var published, stale bool
	if err := s.DB.Get(ctx, "job/run.published", nil, &published, &stale); err != nil || !published {
		return err
	}
	path := s.Config.PublishedFile()
	if _, err := os.Stat(path); err != nil {
		state.Add(false, fmt.Sprintf("the analysts' copy is missing: %v", err), exportAgain)
	} else if stale {
		state.Add(false, fmt.Sprintf("the analysts' copy %s is older than what the last run made", path), exportAgain)
	}
	return nil
}

// likelyVendors is how similar two vendors must be to be shown in a report.
const likelyVendors = "0.88"

// afterRun does what follows every run: it writes the report, saves the state for
// status during the next run, and notifies. None of it can fail the run.
func (r *Run) afterRun(ctx context.Context) {
	log := r.Log.With(etl.KeyRun, string(r.ID))
	state, err := r.State(ctx)
	if err != nil {
		log.WarnContext(ctx, "state not read", etl.Err(err))
		return
	}
	r.Result.Undelivered, r.Result.Needs = state.Open, state.Todo
	r.Result.Verdict, r.Result.Standing = state.Verdict(), state.Status
	if len(r.Result.Stages) > 0 { // else it was a decision, such as settle
		path := filepath.Join(r.Config.ReportsDir(), string(r.ID)+".html")
		if err := r.writePage(ctx, r.ID, state, nil, path); err != nil {
			log.WarnContext(ctx, "report not written", etl.Err(err))
		} else {
			r.Result.Report = path
		}
	}
	if err := r.leadTo(r.Result.Report, state); err != nil {
		log.WarnContext(ctx, "index of the reports not written", etl.Err(err))
	}
	text, err := json.Marshal(state)
	if err == nil {
		err = durable.WriteFile(r.Config.StateFile(), text, 0o600)
	}
	if err != nil {
		log.WarnContext(ctx, "state not saved", etl.Err(err))
	}
	if r.Ended != nil {
		r.Ended(ctx, r.Session, Ended{Run: r.ID, Report: r.Result.Report, State: state, Result: r.Result})
	}
}

// SavedState reads the state that the last run saved, [fs.ErrNotExist] before the
// first.
func SavedState(c *config.Config) (*report.State, error) {
	text, err := os.ReadFile(c.StateFile())
	if err != nil {
		return nil, err
	}
	state := &report.State{}
	if err := json.Unmarshal(text, state); err != nil {
		return nil, fmt.Errorf("%s: %w; the next run replaces it", c.StateFile(), err)
	}
	return state, nil
}

// leadTo keeps two names that stay the same: latest.html is the newest report,
// and index.html, which a decision changes too, leads to all of them.
func (r *Run) leadTo(newest string, state *report.State) error {
	folder := r.Config.ReportsDir()
	if newest != "" {
		text, err := os.ReadFile(newest)
		if err == nil {
			err = durable.WriteShared(filepath.Join(folder, "latest.html"), text, r.access)
		}
		if err != nil {
			return err
		}
	}
	return report.WriteIndex(state, r.place(filepath.Join(folder, "index.html")))
}

// place says who may read a report: in the folder of reports, those who may read
// what is published.
func (s *Session) place(path string) report.Place {
	place := report.Place{Path: path}
	if filepath.Dir(path) == s.Config.ReportsDir() {
		place.Access = s.access
	}
	return place
}

// WriteReport writes the page of a run, with what takes long to find. Without
// vendor suggestions it is still worth having.
func (s *Session) WriteReport(ctx context.Context, run etl.RunID, path string) error {
	state, err := s.State(ctx)
	if err != nil {
		return err
	}
	asked := &report.Asked{}
	aliases, err := transform.ReadAliasFile(ctx, s.DB, s.Config.Vendors.AliasesFile)
	if err == nil {
		asked.Suggestions, err = transform.Suggest(ctx, s.DB, aliases, likelyVendors)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "vendor suggestions left out", etl.Err(err))
	}
	if asked.Duplicates, err = report.PossibleDuplicates(ctx, s.DB); err != nil {
		return err
	}
	return s.writePage(ctx, run, state, asked, path)
}

func (s *Session) writePage(ctx context.Context, run etl.RunID, state *report.State, asked *report.Asked, path string) error {
	return s.DB.Undone(ctx, func(tx *warehouse.Tx) error {
		return report.Write(ctx, tx, run, state, asked, s.place(path))
	})
}

// WrittenReport finds the page that a run wrote when it ended, the newest one
// for no name.
func WrittenReport(c *config.Config, name string) (run etl.RunID, path string, written time.Time, err error) {
	pattern := "[0-9]*.html" // named by runs
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
