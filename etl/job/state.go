package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"spendbridge/etl/durable"
	"spendbridge/etl/report"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/warehouse"
)

// State finds out how the installation stands: what the warehouse says, and
// whether the files that it names are there.
func (s *Session) State(ctx context.Context) (*report.State, error) {
	names := make([]string, 0, len(s.Config.Sources))
	for _, source := range s.Config.Sources {
		names = append(names, source.Name)
	}
	state, err := report.ReadState(ctx, s.DB, names, s.Now())
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

// checkLatest looks for the snapshot that readers see. Older ones may be
// deleted.
func (s *Session) checkLatest(ctx context.Context, state *report.State) error {
	kept, err := warehouse.Strings(ctx, s.DB, "queries/snapshot_kept.sql", nil)
	if err != nil || len(kept) == 0 {
		return err
	}
	const mend = "spendbridge load --snapshot-only"
	folder := s.Config.SnapshotsDir()
	latest, err := snapshot.Latest(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && latest.ID == "":
		state.Add(false, fmt.Sprintf("the link latest in %s is missing, so readers find no snapshot", folder), mend)
	case err != nil:
		state.Add(false, fmt.Sprintf("the snapshot %s, which latest names, cannot be read: %v", latest.ID, err), mend)
	default:
		for _, file := range latest.Manifest.Files {
			if _, err := os.Stat(filepath.Join(latest.Path, filepath.FromSlash(file.Path))); err != nil {
				state.Add(false, fmt.Sprintf("the latest snapshot is damaged: %v", err), mend)
				return nil
			}
		}
	}
	return nil
}

// checkPublished looks for the analysts' copy, and whether it shows what the
// last runs made.
func (s *Session) checkPublished(ctx context.Context, state *report.State) error {
	var published, stale bool
	if err := s.DB.Get(ctx, "queries/status_published.sql", nil, &published, &stale); err != nil || !published {
		return err
	}
	const mend = "spendbridge load --snapshot-only"
	path := s.Config.PublishedFile()
	if _, err := os.Stat(path); err != nil {
		state.Add(false, fmt.Sprintf("the analysts' copy is missing: %v", err), mend)
	} else if stale {
		state.Add(false, fmt.Sprintf("the analysts' copy %s is older than what the last run made", path), mend)
	}
	return nil
}

// saveState keeps the state for whoever asks while another run is at work.
func (s *Session) saveState(state *report.State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return durable.WriteFile(s.Config.StateFile(), text, 0o600)
}
