package warehouse

import (
	"context"
	"database/sql"
	"strings"
)

// List runs a statement and returns its rows as scan reads them. Without rows
// it is empty, not nil.
func List[T any](ctx context.Context, r Runner, file string, args Args, scan func(*sql.Rows, *T) error) ([]T, error) {
	all := []T{}
	err := r.Each(ctx, file, args, func(rows *sql.Rows) error {
		var one T
		if err := scan(rows, &one); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// Strings runs a statement that selects one text column and returns its values.
func Strings(ctx context.Context, r Runner, file string, args Args) ([]string, error) {
	return List(ctx, r, file, args, func(rows *sql.Rows, s *string) error { return rows.Scan(s) })
}

// Null stores empty text as null.
func Null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Clear removes all rows of some tables.
func Clear(ctx context.Context, r Runner, tables ...Table) error {
	for _, table := range tables {
		if _, err := r.Exec(ctx, "warehouse/table.clear", Args{"table": table}); err != nil {
			return err
		}
	}
	return nil
}

// Macros begins the names of the macros that several packages need.
const Macros = "warehouse/macro."

// AddMacros creates them. They last as long as the connection.
func (r *runner) AddMacros(ctx context.Context) error {
	names, err := r.Folder("warehouse")
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, Macros) {
			continue
		}
		if _, err := r.Exec(ctx, name, nil); err != nil {
			return err
		}
	}
	return nil
}
