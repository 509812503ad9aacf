package warehouse

import (
	"context"
	"database/sql"
	"maps"
	"os"
	"path/filepath"
)

// List runs a file and returns what scan makes of each row. Without rows it is
// empty, not nil.
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

// Strings runs a file that selects one text column and returns its values.
func Strings(ctx context.Context, r Runner, file string, args Args) ([]string, error) {
	return List(ctx, r, file, args, func(rows *sql.Rows, s *string) error { return rows.Scan(s) })
}

// Null is a text as it is stored: null for an empty one.
func Null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Carry copies rows of one warehouse into another by way of a Parquet file,
// which is made in folder and removed: <rows>_save.sql writes it to $path,
// <rows>_load.sql reads it there. args are further parameters of the first.
func Carry(ctx context.Context, from, into Runner, folder, rows string, args Args) error {
	path := filepath.Join(folder, rows+".parquet")
	defer os.Remove(path)
	save := Args{"path": path}
	maps.Copy(save, args)
	if _, err := from.Exec(ctx, "queries/"+rows+"_save.sql", save); err != nil {
		return err
	}
	_, err := into.Exec(ctx, "queries/"+rows+"_load.sql", Args{"path": path})
	return err
}
