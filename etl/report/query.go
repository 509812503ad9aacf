package report

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// An Answer is what a user's statement selects.
type Answer struct {
	Columns []string
	Rows    [][]any // a value per column: nil, bool, json.Number, string, []any or map[string]any
}

// Query runs one SELECT on a published file. It reads that file and nothing
// else, see [warehouse.Reader], and stops when the context ends. Decimals and
// whole numbers of any size come back digit by digit. A statement that DuckDB
// rejects is a [*etl.UsageError].
func Query(ctx context.Context, path string, files fs.FS, statement string) (*Answer, error) {
	answer := &Answer{}
	reader, err := warehouse.OpenReader(ctx, path, files)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("published file %s does not exist; a run writes it", path)
	case err != nil:
		err = fmt.Errorf("published file %s: %w", path, err)
	default:
		defer reader.Close()
		if err = reader.Select(ctx, statement, answer.read); err != nil {
			err = etl.Usagef("query: %w", err)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("query: %w", context.Cause(ctx))
	}
	return answer, err
}

// read takes over columns and rows.
func (a *Answer) read(rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	for _, column := range types {
		a.Columns = append(a.Columns, column.Name())
	}
	for rows.Next() {
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
	}
	return nil
}

// plain turns a value of the driver into one that prints exactly.
func plain(value any, typeName string) any {
	switch v := value.(type) {
	case nil, bool, string:
		return v
	case duckdb.Decimal:
		return decimalNumber(v)
	case *big.Int, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return json.Number(fmt.Sprint(v))
	case float32, float64:
		return floatNumber(fmt.Sprint(v))
	case []byte:
		return bytesText(v, typeName)
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

// decimalNumber prints a decimal with all its decimals.
func decimalNumber(d duckdb.Decimal) json.Number {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale)), nil)
	return json.Number(new(big.Rat).SetFrac(d.Value, power).FloatString(int(d.Scale)))
}

// floatNumber is a number, or a text for what JSON cannot express.
func floatNumber(text string) any {
	if strings.ContainsAny(text, "NI") { // NaN, +Inf
		return text
	}
	return json.Number(text)
}

// bytesText prints bytes in hexadecimal digits.
func bytesText(bytes []byte, typeName string) string {
	digits := hex.EncodeToString(bytes)
	if typeName == "UUID" && len(bytes) == 16 {
		return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
	}
	return digits
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
	for r, row := range a.Rows {
		members := make([]string, len(row))
		for i, value := range row {
			name, _ := json.Marshal(a.Columns[i]) // a text always marshals
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			members[i] = string(name) + ":" + string(text)
		}
		objects[r] = json.RawMessage("{" + strings.Join(members, ",") + "}")
	}
	return json.Marshal(objects)
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
