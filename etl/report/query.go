package report

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// An Answer is what a user's statement selects.
type Answer struct {
	Columns []string
	Rows    [][]any // a value per column: nil, bool, json.Number, etl.Amount, string, []any or map[string]any
}

// Query runs one SELECT on a published file. It reads that file and nothing
// else, see [warehouse.Reader], and stops when the context ends. Decimals and
// whole numbers of any size come back digit by digit, decimals as text in JSON. A statement that DuckDB
// rejects is a [*etl.UsageError].
func Query(ctx context.Context, path string, files fs.FS, statement string) (*Answer, error) {
	answer := &Answer{}
	err := ask(ctx, path, files, "", func(r *warehouse.Reader) error { return r.Select(ctx, statement, answer.read) })
	return answer, err
}

// SaveParquet is [Query] into a Parquet file, with the types of the columns. It
// returns the number of rows.
func SaveParquet(ctx context.Context, path string, files fs.FS, statement, out string) (rows int64, err error) {
	part, err := filepath.Abs(out + ".part") // what DuckDB writes may be half a file
	if err != nil {
		return 0, err
	}
	err = ask(ctx, path, files, part, func(r *warehouse.Reader) (err error) {
		rows, err = r.SaveParquet(ctx, statement)
		return err
	})
	if err != nil {
		os.Remove(part)
		return 0, err
	}
	return rows, durable.Rename(part, out)
}

// ask opens a published file and says whose fault an error is.
func ask(ctx context.Context, path string, files fs.FS, write string, question func(*warehouse.Reader) error) error {
	reader, err := warehouse.OpenReader(ctx, path, files, write)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("published file %s does not exist; a run writes it", path)
	case err != nil:
		err = fmt.Errorf("published file %s: %w", path, err)
	default:
		defer reader.Close()
		if err = question(reader); err != nil {
			err = etl.Usagef("query: %w", err)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("query: %w", context.Cause(ctx))
	}
	return err
}

func (a *Answer) read(rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	for _, column := range types {
		a.Columns = append(a.Columns, column.Name())
	}
	for rows.Next() {
		if err := a.scan(rows, types); err != nil {
			return err
		}
	}
	return nil
}

func (a *Answer) scan(rows *sql.Rows, types []*sql.ColumnType) error {
	values := make([]any, len(types))
	for i := range values {
		values[i] = new(any)
	}
	if err := rows.Scan(values...); err != nil {
		return err
	}
	for i, column := range types {
		values[i] = plain(*values[i].(*any), column.DatabaseTypeName())
	}
	a.Rows = append(a.Rows, values)
	return nil
}

// plain turns a value of the driver into one that prints exactly.
func plain(value any, typeName string) any {
	switch v := value.(type) {
	case nil, bool, string:
		return v
	case duckdb.Decimal:
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(v.Scale)), nil)
		return etl.Amount(new(big.Rat).SetFrac(v.Value, power).FloatString(int(v.Scale)))
	case *big.Int, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return json.Number(fmt.Sprint(v))
	case float32, float64:
		text := fmt.Sprint(v)
		if strings.ContainsAny(text, "NI") { // NaN, +Inf: JSON cannot express them
			return text
		}
		return json.Number(text)
	case []byte:
		if typeName == "UUID" && len(v) == 16 {
			id := duckdb.UUID(v)
			return id.String()
		}
		return hex.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(layoutOf(typeName))
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = plain(v[i], "")
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for key := range v {
			all[key] = plain(v[key], "")
		}
		return all
	}
	return fmt.Sprint(value)
}

func layoutOf(typeName string) string {
	switch typeName {
	case "DATE":
		return time.DateOnly
	case "TIME":
		return "15:04:05.999999"
	case "TIMESTAMPTZ":
		return "2006-01-02T15:04:05.999999Z"
	}
	return "2006-01-02T15:04:05.999999"
}

// Text returns a value as a table shows it, where a long text is cut.
func (a *Answer) Text(row, column int) string {
	switch v := a.Rows[row][column].(type) {
	case nil:
		return "NULL"
	case string:
		return short(visible(v))
	case []any, map[string]any:
		text, _ := json.Marshal(v) // holds nothing but what plain made
		return short(visible(string(text)))
	default:
		return fmt.Sprint(v)
	}
}

// MarshalJSON implements [json.Marshaler]: a list of objects, one for each
// row, with the columns in the order in which they were selected.
func (a *Answer) MarshalJSON() ([]byte, error) {
	objects := make([]json.RawMessage, len(a.Rows))
	for r := range a.Rows {
		var err error
		if objects[r], err = a.object(r); err != nil {
			return nil, err
		}
	}
	return json.Marshal(objects)
}

// object is a row as JSON.
func (a *Answer) object(row int) (json.RawMessage, error) {
	members := make([]string, len(a.Columns))
	for i, value := range a.Rows[row] {
		name, _ := json.Marshal(a.Columns[i]) // a text always marshals
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		members[i] = string(name) + ":" + string(text)
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}"), nil
}

// Duplicates are expenses in one currency that may have been paid by card as
// well: the same vendor and amount within three days in both systems. Nothing
// is merged; the published view possible_duplicates lists the pairs.
type Duplicates struct {
	Currency string `json:"currency"`
	Records  int64  `json:"records"`
	Amount   string `json:"amount"` // what may be counted twice, in major units
}

// PossibleDuplicates looks for them in canonical.spend.
func PossibleDuplicates(ctx context.Context, r warehouse.Runner) (found []Duplicates, err error) {
	err = warehouse.Fill(ctx, r, &found, "report/spend.possible_duplicates", nil)
	return found, err
}

// CSV writes the answer with a head: exact values, and nothing for null.
func (a *Answer) CSV() ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Write(a.Columns) // errors are kept until Flush
	for _, row := range a.Rows {
		cells := make([]string, len(row))
		for i, value := range row {
			switch v := value.(type) {
			case nil:
			case []any, map[string]any:
				text, _ := json.Marshal(v)
				cells[i] = string(text)
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		w.Write(cells)
	}
	w.Flush()
	return out.Bytes(), w.Error()
}
