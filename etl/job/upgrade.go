package job

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/store"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// An Upgrade is what this version of the program would change in a data folder.
type Upgrade struct {
	warehouse.Migration
	Records []UpgradedRecords
	Names   []UpgradedName // the first of them
	Held    etl.HeldPlan   // by the last load
	Load    deliver.DryRun // what the next load would do
}

// UpgradedRecords counts records by what they were and what they would be: spend,
// excluded, in quarantine, or nothing. Of those that stay spend, it counts the ones
// with another amount, day, vendor and category.
type UpgradedRecords struct {
	Was, Becomes                                string
	Records, Amounts, Days, Vendors, Categories int
}

// An UpgradedName is a vendor that would have another name.
type UpgradedName struct {
	Was, Becomes string
	Records      int
}

// TryUpgrade upgrades a copy of the warehouse, transforms what it holds and says what
// is different, and what the next load would do. The data folder itself stays as it is,
// but it is locked meanwhile.
func TryUpgrade(ctx context.Context, c *config.Config, o Options) (u *Upgrade, err error) {
	o = o.withDefaults()
	note, unlock, err := lock(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock(note)) }()
	folder := filepath.Join(c.TempDir(), "upgrade")
	defer os.RemoveAll(folder)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700)); err != nil { // of one that was killed
		return nil, err
	}
	s := &Session{Options: o, Config: c}
	if s.Store, err = store.Open(ctx, c); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Store.Close()) }()
	u = &Upgrade{}
	opts := warehouse.Options{
		Location: c.WarehouseLocation(), MemoryLimit: c.EngineMemory(),
		TempDir: filepath.Join(folder, "tmp"), Files: o.SQL, Log: o.Log,
	}
	if opts.Lake, err = lakeOf(ctx, c); err != nil {
		return nil, err
	}
	if opts.Lake != nil {
		lake := filepath.Join(folder, "lake.duckdb")
		if err := warehouse.CopyLake(ctx, opts, lake); err != nil {
			return nil, err
		}
		opts.Location, opts.Lake = lake, nil
	}
	copied := filepath.Join(folder, "warehouse.duckdb")
	s.DB, u.Migration, err = warehouse.OpenUpgraded(ctx, opts, copied)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.DB.Close()) }()
	if _, err := transform.Run(ctx, s.DB, s.unrecorded().transformOptions()); err != nil {
		return u, err
	}
	if err := u.compare(ctx, s.DB, opts.Location); err != nil {
		return u, err
	}
	if u.Held, err = deliver.ReadPlan(ctx, s.DB); err != nil {
		return u, err
	}
	u.Load, err = s.DryRun(ctx, "")
	return u, err
}

func (u *Upgrade) compare(ctx context.Context, db *warehouse.DB, earlier string) error {
	return db.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if err := conn.ExecAt(ctx, "job/upgrade.attach", earlier); err != nil {
			return err
		}
		defer func() {
			_, fault := conn.Exec(context.WithoutCancel(ctx), "job/upgrade.detach", nil)
			err = errors.Join(err, fault)
		}()
		return errors.Join(
			warehouse.Fill(ctx, conn, &u.Records, "job/upgrade.records", nil),
			warehouse.Fill(ctx, conn, &u.Names, "job/upgrade.names", nil),
		)
	})
}
