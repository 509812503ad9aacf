package job

import (
	"context"
	"fmt"
	"os"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// lakeOf returns what the warehouse needs if it is a lake, else nil.
func lakeOf(ctx context.Context, c *config.Config) (*warehouse.Lake, error) {
	if !c.HasLake() {
		return nil, nil
	}
	if c.Lake.Password.IsSet() { // where PostgreSQL's clients look for it
		if err := os.Setenv("PGPASSWORD", c.Lake.Password.Reveal()); err != nil {
			return nil, err
		}
	}
	lake := &warehouse.Lake{DataPath: c.Lake.DataPath, Extensions: c.Extensions}
	if !c.HasLakeInBucket() {
		return lake, nil
	}
	access, err := store.Access(ctx, c.S3)
	if err != nil {
		return nil, fmt.Errorf("lake.data_path: %w", err)
	}
	if _, err := access.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("lake.data_path %s: no credentials: %w; set s3.key_id and s3.secret, or give the machine a role", lake.DataPath, err)
	}
	lake.Bucket = warehouse.Bucket{
		Credentials: access.Credentials,
		Region:      access.Region, Endpoint: c.S3.Endpoint, PathStyle: c.S3.PathStyle,
	}
	return lake, nil
}

// A PrunedLake says what prune removes from a lake besides, or would remove.
type PrunedLake struct {
	Versions int `json:"versions"` // of the whole lake; past states of spend stay
	Files    int `json:"files"`    // that no version names
}

// upkeep keeps a lake small: small writes are moved into files, small files are
// merged, without rows that were deleted, versions are forgotten after a day, and
// files that no version names are deleted a day after they were found. DuckLake
// (1.5.5) does this only in a transaction that writes nothing else, so each step first
// makes sure that no other worker has taken over.
func (s *Session) upkeep(ctx context.Context, yes bool) (*PrunedLake, error) {
	if !s.Config.HasLake() {
		return nil, nil
	}
	p := &PrunedLake{}
	old := warehouse.Args{"yesterday": s.Now().Add(-24 * time.Hour), "dry_run": !yes}
	steps := []struct {
		name  string
		args  warehouse.Args
		count *int
	}{
		{"job/lake.flush", nil, new(int)},
		{"job/lake.rewrite", nil, new(int)},
		{"job/lake.merge", nil, new(int)},
		{"job/lake.expired", old, &p.Versions},
		{"job/lake.unused", old, &p.Files},
	}
	if !yes { // those before cannot be tried
		steps = steps[3:]
	}
	for _, step := range steps {
		err := s.DB.Fence(ctx)
		if err == nil {
			err = s.DB.InTx(ctx, func(tx *warehouse.Tx) error { return tx.Get(ctx, step.name, step.args, step.count) })
		}
		if err != nil {
			return p, fmt.Errorf("upkeep of the lake: %w", err)
		}
	}
	return p, nil
}
