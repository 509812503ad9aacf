package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// functions are text functions that the SQL files need and DuckDB lacks.
var functions = map[string]textFunction{
	"nfkc_casefold": nfkcCasefold,
	"nfd":           norm.NFD.String,
}

// nfkcCasefold maps texts that differ only in case, width or another
// compatibility form to the same text: 'Ｓｔｒａßｅ', 'STRASSE' and 'strasse'.
func nfkcCasefold(text string) string {
	for {
		folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
		if folded == text {
			return folded
		}
		text = folded
	}
}

// A textFunction is a pure function of one text.
type textFunction func(string) string

// Config implements [duckdb.ScalarFunc].
func (textFunction) Config() duckdb.ScalarFuncConfig {
	varchar, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		panic(err) // not of a primitive type
	}
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{varchar}, ResultTypeInfo: varchar}
}

// Executor implements [duckdb.ScalarFunc].
func (f textFunction) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(args []driver.Value) (any, error) {
		return f(args[0].(string)), nil
	}}
}

// addFunctions makes the functions known to every connection of an instance.
func addFunctions(ctx context.Context, duck *duckdb.Connector) (err error) {
	pool := sql.OpenDB(borrowed{duck})
	defer func() { err = errors.Join(err, pool.Close()) }()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for name, f := range functions {
		if err := duckdb.RegisterScalarUDF(conn, name, f); err != nil {
			return fmt.Errorf("function %s: %w", name, err)
		}
	}
	return nil
}

// borrowed is a connector that does not close its instance with the pool.
type borrowed struct{ driver.Connector }
