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

	// mostKept limits how many statements a connection caches.
	mostKept = 100
)

// A connector opens connections that cache prepared statements: parsing and
// planning a small statement costs more than running it.
type connector struct {
	*duckdb.Connector
	access *access
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{
		Conn: opened.(*duckdb.Conn), access: c.access, statements: map[string]*statement{},
	}, nil
}

// A conn is one connection. It is used by one goroutine at a time.
type conn struct {
	*duckdb.Conn
	access     *access
	statements map[string]*statement // by text
	kept       int
}

// A statement is kept prepared if it reads or changes rows: the plan of one
// that creates something can run only once. DuckDB itself plans a statement
// again when a table, view or macro that it names has changed.
type statement struct {
	driver.Stmt      // nil if it is not kept
	runs        int  // as long as it is not kept
	active      bool // its rows are still being read
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.access.renew(ctx); err != nil {
		return nil, err
	}
	return c.Conn.BeginTx(ctx, opts)
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

// prepare returns the cached statement for a text: nil if there is none, while
// its rows are still being read, and for untyped parameters, whose type DuckDB
// would fix: a parameter that was null once could not be a time later.
func (c *conn) prepare(ctx context.Context, text string, args []driver.NamedValue) (*statement, error) {
	if err := c.access.renew(ctx); err != nil {
		return nil, err
	}
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

// isUntyped reports whether a value does not determine its SQL type: null, or a
// list, which may be empty.
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
