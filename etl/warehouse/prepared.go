package warehouse

import (
	"context"
	"database/sql/driver"
	"errors"
	"reflect"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

const (
	// fewRuns is how often a statement runs before it is worth keeping.
	fewRuns = 3

	// mostKept bounds how many statements a connection keeps.
	mostKept = 100
)

// A connector opens connections that keep prepared what they run again and
// again: to parse and plan a small statement costs more than to run it.
type connector struct{ *duckdb.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: opened.(*duckdb.Conn), statements: map[string]*statement{}}, nil
}

// A conn is one connection. It is used by one goroutine at a time.
type conn struct {
	*duckdb.Conn
	statements map[string]*statement // by text
	kept       int
}

// A statement is kept prepared, if it reads or changes rows: DuckDB uses up the
// plan of one that creates something. It plans the statement again itself when
// a table, view or macro that it names has changed since.
type statement struct {
	driver.Stmt      // nil if it is not kept
	runs        int  // as long as it is not kept
	active      bool // its rows are still being read
}

func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepare(ctx, text, args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.Conn.ExecContext(ctx, text, args)
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.forget(text))
	}
	return result, nil
}

func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepare(ctx, text, args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.Conn.QueryContext(ctx, text, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.forget(text))
	}
	s.active = true
	return &statementRows{rows, s}, nil
}

// prepare returns the statement to run a text with: nil if it is not kept,
// while the rows of another run are being read, and for parameters of no type.
// DuckDB would keep theirs: what was null once could not be a time later.
func (c *conn) prepare(ctx context.Context, text string, args []driver.NamedValue) (*statement, error) {
	if slices.ContainsFunc(args, isUntyped) {
		return nil, nil
	}
	s := c.statements[text]
	if s == nil {
		s = &statement{}
		c.statements[text] = s
	}
	if s.Stmt == nil {
		s.runs++
		if s.runs != fewRuns+1 || c.kept == mostKept {
			return nil, nil
		}
		if err := c.keep(ctx, text, s); err != nil {
			return nil, err
		}
	}
	if s.Stmt == nil || s.active {
		return nil, nil
	}
	return s, nil
}

// isUntyped reports whether a value does not say what its SQL type is: null, or
// a list, which may be empty.
func isUntyped(arg driver.NamedValue) bool {
	if _, text := arg.Value.([]byte); text {
		return false
	}
	return arg.Value == nil || reflect.TypeOf(arg.Value).Kind() == reflect.Slice
}

// keep prepares a statement.
func (c *conn) keep(ctx context.Context, text string, s *statement) error {
	stmt, err := c.Conn.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	kind, err := stmt.(*duckdb.Stmt).StatementType()
	switch kind {
	case duckdb.STATEMENT_TYPE_SELECT, duckdb.STATEMENT_TYPE_INSERT, duckdb.STATEMENT_TYPE_UPDATE, duckdb.STATEMENT_TYPE_DELETE:
		s.Stmt = stmt
		c.kept++
		return err
	}
	return errors.Join(err, stmt.Close())
}

// forget closes a statement that failed.
func (c *conn) forget(text string) error {
	s := c.statements[text]
	delete(c.statements, text)
	c.kept--
	return s.Close()
}

// Close closes the connection and what it has prepared.
func (c *conn) Close() error {
	var faults []error
	for _, s := range c.statements {
		if s.Stmt != nil && !s.active {
			faults = append(faults, s.Close())
		}
	}
	return errors.Join(append(faults, c.Conn.Close())...)
}

// statementRows are the rows of a prepared statement.
type statementRows struct {
	driver.Rows
	of *statement
}

func (r *statementRows) Close() error {
	r.of.active = false
	return r.Rows.Close()
}
