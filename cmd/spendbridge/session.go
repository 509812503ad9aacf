package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// A session is the data folder, taken for this process, with its warehouse
// open.
type session struct {
	*app
	config *config.Config
	db     *warehouse.DB
	unlock func() error
}

// open takes the data folder that the configuration names. Only one process
// has it at a time.
func (a *app) open(ctx context.Context) (*session, error) {
	config, err := a.config()
	if err != nil {
		return nil, err
	}
	return a.openWith(ctx, config)
}

func (a *app) openWith(ctx context.Context, config *config.Config) (*session, error) {
	if err := os.MkdirAll(config.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	unlock, err := a.lock(ctx, config.DataDir)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, config: config, unlock: unlock}
	if err := clearLeftovers(config); err != nil {
		return nil, errors.Join(err, unlock())
	}
	if err := s.openWarehouse(ctx); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return s, nil
}

// A command that only looks, such as status, has the data folder for a
// moment. Others wait that long for it.
const (
	lockPatience = 3 * time.Second
	lockPause    = 50 * time.Millisecond
)

// lock takes the data folder, or says in a [*warehouse.LockedError] who has it.
func (a *app) lock(ctx context.Context, folder string) (unlock func() error, err error) {
	holder := warehouse.Holder{
		PID: os.Getpid(), Command: strings.Join(append([]string{"spendbridge"}, os.Args[1:]...), " "), Started: a.now(),
	}
	for deadline := time.Now().Add(lockPatience); ; {
		unlock, err := warehouse.Lock(folder, holder)
		var locked *warehouse.LockedError
		if !errors.As(err, &locked) || time.Now().After(deadline) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

func (s *session) openWarehouse(ctx context.Context) error {
	db, err := warehouse.Open(ctx, warehouse.Options{
		Location:    s.config.WarehouseLocation(),
		MemoryLimit: s.config.EngineMemory(),
		TempDir:     s.config.TempDir(),
		Files:       sqlfiles.FS,
	})
	if err != nil {
		return err
	}
	if err := checkSources(ctx, db, s.config.Sources); err != nil {
		return errors.Join(err, db.Close())
	}
	s.db = db
	return nil
}

// Close closes the warehouse, then gives the data folder free.
func (s *session) Close() error { return errors.Join(s.db.Close(), s.unlock()) }

// checkSources refuses a source whose kind or tenant is not what it was when
// it first ran: every key would change, and all its spend be posted again.
func checkSources(ctx context.Context, db *warehouse.DB, sources []config.Source) error {
	configured := map[string]config.Source{}
	for _, s := range sources {
		configured[s.Name] = s
	}
	var faults []error
	err := db.Each(ctx, "queries/source_list.sql", nil, func(rows *sql.Rows) error {
		var name, kind, tenant string
		if err := rows.Scan(&name, &kind, &tenant); err != nil {
			return err
		}
		now, ok := configured[name]
		if ok && (now.Kind != kind || now.Tenant() != tenant) {
			faults = append(faults, fmt.Errorf(
				"sources.%s was %s %s at its first run and is %s %s now; they are part of every key, so give the other organisation an entry of its own",
				name, kind, tenant, now.Kind, now.Tenant()))
		}
		for _, s := range sources {
			if s.Name != name && s.Kind == kind && s.Tenant() == tenant {
				faults = append(faults, fmt.Errorf(
					"sources.%s is %s %s, which is stored as source %s; use that name", s.Name, kind, tenant, name))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return &etl.UsageError{Err: errors.Join(faults...)}
	}
	return nil
}

func saveSources(ctx context.Context, db warehouse.Runner, r *run) error {
	for _, source := range r.config.Sources {
		if err := saveSource(ctx, db, source, r); err != nil {
			return err
		}
	}
	return nil
}

// saveSource records a source's identity at its first run, and how its
// records are read at every run.
func saveSource(ctx context.Context, db warehouse.Runner, s config.Source, run *run) error {
	minorUnits := ""
	if len(s.MinorUnits) > 0 {
		text, err := json.Marshal(s.MinorUnits)
		if err != nil {
			return err
		}
		minorUnits = string(text)
	}
	_, err := db.Exec(ctx, "queries/source_save.sql", warehouse.Args{
		"source": s.Name, "kind": s.Kind, "tenant": s.Tenant(),
		"amount_basis":  null(s.AmountBasis),
		"approved_only": sql.NullBool{Bool: s.ApprovedOnly, Valid: s.Kind == config.KindProductive},
		"amount_unit":   null(s.AmountUnit),
		"minor_units":   null(minorUnits),
		"hidden_vendor": null(s.HiddenVendor),
		"run_id":        string(run.id), "updated_at": run.started,
	})
	return err
}

func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
