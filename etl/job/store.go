package job

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"spendbridge/etl"
	"spendbridge/etl/report"
	"spendbridge/etl/store"
)

// storeFirst puts into the store what has to be there before anything is posted: the
// journals, and if the store was configured since the last load, everything that the
// data folder holds.
func (r *Run) storeFirst(ctx context.Context) error {
	if r.Store == nil {
		return nil
	}
	folders, err := fs.Glob(os.DirFS(r.Config.DataDir), "raw/*/journal")
	if err != nil {
		return err
	}
	known := r.Store.IsKnown()
	if !known {
		folders = []string{"raw"}
	}
	for _, folder := range folders {
		if err := r.Store.PutMissing(ctx, folder); err != nil {
			return err
		}
	}
	if known {
		return nil
	}
	if err := r.Delivery(nil).CopyToStore(ctx); err != nil {
		return err
	}
	return r.Store.Know(ctx)
}

// fetchStage fetches what the store has and the data folder does not.
func fetchStage() Stage {
	return Stage{Name: "fetch", Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		if r.Store == nil {
			return etl.Counts{}, etl.Usagef("--from-store needs a store; set store in the configuration")
		}
		keys, err := r.Store.Keys(ctx, "raw/")
		if err != nil {
			return etl.Counts{}, err
		}
		fetched, err := r.Store.Fetch(ctx, keys...)
		if err != nil {
			return etl.Counts{}, err
		}
		sent, err := r.Delivery(nil).FetchFromStore(ctx)
		if err != nil {
			return etl.Counts{}, err
		}
		r.Result.note(fmt.Sprintf("the store has %s pages and journals, of which %s were missing here, and %s sent files",
			etl.Number(len(keys)), etl.Number(fetched), etl.Number(sent)))
		return etl.Counts{Read: len(keys) + sent, Written: fetched}, r.Store.Know(ctx)
	}}
}

// checkStore says what the store does not have yet.
func (s *Session) checkStore(state *report.State) error {
	owed, err := store.Owed(s.Config.DataDir)
	if err != nil || len(owed) == 0 {
		return err
	}
	state.Add(false, fmt.Sprintf("%s answers and decisions are not in the store yet; the next load puts them there before it posts", etl.Number(len(owed))),
		"spendbridge load")
	return nil
}
