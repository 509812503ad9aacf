package warehouse

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ExecAt runs a statement in which {location} stands where no parameter is
// allowed, as in attach. The location is inserted into the text, quoted.
func (c *Conn) ExecAt(ctx context.Context, file, location string) error {
	defer c.logged(ctx, file, time.Now())
	text, err := c.files.text(file)
	if err != nil {
		return c.fail(file, err)
	}
	if err := makeLogFolder(location); err != nil {
		return c.fail(file, err)
	}
	if _, err := c.q.ExecContext(ctx, place(text, location)); err != nil {
		return c.fail(file, err)
	}
	return nil
}

// UseWarehouse makes the warehouse the default database again.
func (c *Conn) UseWarehouse(ctx context.Context) error {
	_, err := c.Exec(ctx, "warehouse/instance.use", nil)
	return err
}

// ExecSelected runs a statement that selects statements and runs all of those
// in one transaction, for statements that take no parameters, such as comment
// on.
func (c *Conn) ExecSelected(ctx context.Context, file string, args Args) error {
	statements, err := Strings(ctx, c, file, args)
	if err != nil {
		return err
	}
	defer c.logged(ctx, file, time.Now())
	tx, err := c.conn.BeginTx(ctx, nil)
	if err != nil {
		return c.fail(file, err)
	}
	defer tx.Rollback() // does nothing once committed
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return c.fail(file, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return c.fail(file, err)
	}
	return nil
}

// place replaces {location} in a statement by a quoted text.
func place(text, location string) string {
	quoted := "'" + strings.ReplaceAll(location, "'", "''") + "'"
	return strings.ReplaceAll(text, "{location}", quoted)
}

// makeLogFolder makes the folder in which DuckDB keeps the write-ahead log of
// a database file. It is the folder of the file, unless its path has a ?:
// DuckDB takes what follows for the parameters of a URL and writes .wal before
// it.
func makeLogFolder(location string) error {
	if location == "" || isRemote(location) {
		return nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(location)) // as DuckDB does
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(folder, "?")
	if !found {
		return nil
	}
	return os.MkdirAll(before+".wal?"+after, 0o700)
}

// Literal returns path as a pattern that matches this file alone, for
// statements that read files: DuckDB takes *, ? and [ for wildcards.
func Literal(path string) string {
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
}
