package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// PickSources returns the configured sources that are named, all of them for
// no name.
func PickSources(c *config.Config, names []string) ([]config.Source, error) {
	if len(names) == 0 {
		return c.Sources, nil
	}
	known := config.SourceNames(c.Sources)
	var picked []config.Source
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, etl.Usagef("there is no source %s in the configuration%s", name, etl.DidYouMean(name, known))
		}
		picked = append(picked, c.Sources[i])
	}
	return picked, nil
}

// checkSources rejects a source whose kind or tenant has changed since its first
// run: every key would change, and all its spend would be posted again.
func checkSources(ctx context.Context, db *warehouse.DB, sources []config.Source) error {
	configured := map[string]config.Source{}
	for _, s := range sources {
		configured[s.Name] = s
	}
	var faults []error
	err := db.Each(ctx, "job/source.list", nil, func(rows *sql.Rows) error {
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
