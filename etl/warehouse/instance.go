package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// connect returns what every new connection of the pool runs first: the first
// one configures the instance, and each one makes the warehouse its default
// database.
func connect(files *files, opts Options) func(driver.ExecerContext) error {
	var (
		mu    sync.Mutex
		ready bool
	)
	return func(conn driver.ExecerContext) error {
		mu.Lock()
		defer mu.Unlock()

		var statements []setting
		if !ready {
			var err error
			if statements, err = opts.settings(); err != nil {
				return err
			}
		}
		statements = append(statements,
			setting{file: "warehouse/instance.set_time_zone"},
			setting{file: "warehouse/instance.use"})
		err := runSettings(conn, files, statements)
		ready = ready || err == nil
		return err
	}
}

// A setting is a statement of the instance, with its parameters and with the texts
// that stand where no parameter may.
type setting struct {
	file   string
	args   Args
	places map[string]string
}

// set gives a setting its one value.
func set(file string, value any) setting { return setting{file: file, args: Args{"value": value}} }

// runSettings runs settings on a new connection.
func runSettings(conn driver.ExecerContext, files *files, settings []setting) error {
	for _, s := range settings {
		found, err := files.statement(s.file)
		if err == nil {
			var args []driver.NamedValue
			for i, name := range slices.Sorted(maps.Keys(s.args)) {
				args = append(args, driver.NamedValue{Name: name, Ordinal: i + 1, Value: s.args[name]})
			}
			_, err = conn.ExecContext(context.Background(), place(found.text, s.places), args)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.file, err)
		}
	}
	return nil
}

// settings lists the statements that configure a new instance. Extensions are
// loaded only for a location that needs one.
func (opts Options) settings() ([]setting, error) {
	location, extensions := opts.Location, "false"
	switch {
	case location == "":
		location = ":memory:"
	case isMotherDuck(location):
		extensions = "true"
	}
	all := []setting{
		set("warehouse/instance.set_autoinstall", extensions),
		set("warehouse/instance.set_autoload", extensions),
		{file: "warehouse/instance.set_insertion_order"},
		set("warehouse/instance.set_flush_threshold", mostFreed),
		set("warehouse/instance.set_bulk_flush_threshold", mostFreed),
	}
	if opts.MemoryLimit != "" {
		all = append(all, set("warehouse/instance.set_memory_limit", opts.MemoryLimit))
	}
	if opts.TempDir != "" {
		all = append(all, set("warehouse/instance.set_temp_directory", opts.TempDir))
	}
	threads := opts.Threads
	if threads == 0 {
		threads = 1 // to begin with
	}
	all = append(all, set("warehouse/instance.set_threads", strconv.Itoa(threads)))
	if opts.Lake != nil {
		lake, err := opts.Lake.settings(location)
		return append(all, lake...), err
	}
	attach := "warehouse/instance.attach_file"
	if isMotherDuck(location) {
		attach = "warehouse/instance.attach_motherduck"
	}
	return append(all, setting{file: attach, places: map[string]string{"location": location}}), nil
}

// mostFreed is how much freed memory DuckDB keeps for its next statement. That
// counts for the process, but not for DuckDB's memory limit.
const mostFreed = "16MB"

// muchWritten is how many rows a process writes before it uses all processors.
const muchWritten = 20_000

// Optimizers of DuckDB that are disabled at times.
const (
	// asWritten leaves joins in the order in which they are written, with what is on
	// the right in memory.
	asWritten = "join_order,build_side_probe_side"

	// fromStatistics are optimizers that ask a lake for the statistics of each table:
	// for most statements that takes longer than it saves.
	fromStatistics = "join_order,statistics_propagation"
)

// JoinAsWritten has DuckDB run joins in the order in which they are written from now
// on, or choose the order again. It estimates tables without the rows that a
// transaction has added: in a first load it would hold all records in memory to look up
// two sources.
func (tx *Tx) JoinAsWritten(ctx context.Context, yes bool) error {
	var disabled []string
	if tx.files.lake != nil {
		disabled = append(disabled, fromStatistics)
	}
	if yes {
		disabled = append(disabled, asWritten)
	}
	_, err := tx.Exec(ctx, "warehouse/instance.set_disabled_optimizers", Args{"value": strings.Join(disabled, ",")})
	return err
}

// A spread decides when statements run on all processors. A statement of a few
// milliseconds costs half as much CPU on one thread. So an instance starts with
// one thread, and gets all of them once this process has written so many rows
// that its statements are long.
type spread struct {
	written atomic.Int64 // rows

	mu   sync.Mutex
	done bool
}

// widen gives the instance all processors if this process has written much.
func (db *DB) widen(ctx context.Context) error {
	s := db.spread
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done || s.written.Load() < muchWritten {
		return nil
	}
	_, err := db.Exec(ctx, "warehouse/instance.reset_threads", nil)
	s.done = err == nil
	return err
}

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
