package snapshot

import (
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/xitongsys/parquet-go-source/local"
	"github.com/xitongsys/parquet-go/reader"

	"spendbridge/etl"
)

// blockRows is how many rows are read at once: a month of any size is read
// in bounded memory.
const blockRows = 16384

// readCells reads a Parquet file with a reader that shares no code with the
// engine that wrote it, and returns the file's cells. It reads the footer and
// the columns that cells are made of. A file that breaks the contract, is
// damaged, or yields fewer rows than its footer promises is an error.
func readCells(path string, c contract) (cells []etl.Cell, err error) {
	err = withParquet(path, c, func(r *reader.ParquetReader) error {
		totals := totals{}
		for left := r.GetNumRows(); left > 0; {
			n := min(left, blockRows)
			if err := totals.add(r, c, n); err != nil {
				return err
			}
			left -= n
		}
		cells = totals.cells()
		return nil
	})
	return cells, err
}

// checkFooter compares the footer of a file with the contract.
func checkFooter(path string, c contract) error {
	return withParquet(path, c, func(*reader.ParquetReader) error { return nil })
}

// withParquet opens a file that keeps the contract. The reader panics on much
// that is damaged; that is an error here.
func withParquet(path string, c contract, f func(*reader.ParquetReader) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unreadable: %v", p)
		}
	}()
	file, err := local.NewLocalFileReader(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := reader.NewParquetColumnReader(file, 1)
	if err != nil {
		return err
	}
	defer r.ReadStop()
	if err := c.check(r); err != nil {
		return err
	}
	return f(r)
}

type cellKey struct {
	month                    int32 // days since 1970 of its first day
	source, currency, typeOf string
}

type total struct {
	records              int64
	amount, abs, keyHash big.Int
}

type totals map[cellKey]*total

// add adds the next n rows.
func (t totals) add(r *reader.ParquetReader, c contract, n int64) error {
	var (
		ids, sources, currencies, types []string
		days                            []int32
		amounts                         []int64
	)
	if err := errors.Join(
		column(r, c, "spend_id", n, &ids), column(r, c, "source", n, &sources), column(r, c, "currency", n, &currencies),
		column(r, c, "type", n, &types), column(r, c, "occurred_on", n, &days), column(r, c, "amount", n, &amounts),
	); err != nil {
		return err
	}
	for i, id := range ids {
		t.of(cellKey{monthOf(days[i]), sources[i], currencies[i], types[i]}).add(id, amounts[i])
	}
	return nil
}

func (t totals) of(key cellKey) *total {
	if t[key] == nil {
		t[key] = &total{}
	}
	return t[key]
}

func (t *total) add(id string, amount int64) {
	var x big.Int
	x.SetInt64(amount)
	t.records++
	t.amount.Add(&t.amount, &x)
	t.abs.Add(&t.abs, x.Abs(&x))
	sum := md5.Sum([]byte(id))
	t.keyHash.Add(&t.keyHash, x.SetUint64(binary.LittleEndian.Uint64(sum[:8])))
}

// cells returns the totals in no order.
func (t totals) cells() []etl.Cell {
	cells := make([]etl.Cell, 0, len(t))
	for key, total := range t {
		cells = append(cells, etl.Cell{
			Source: key.source, Currency: key.currency, Type: key.typeOf, Month: day(key.month),
			Records: total.records, Amount: fourDecimals(&total.amount), AbsAmount: fourDecimals(&total.abs),
			KeyHash: total.keyHash.String(),
		})
	}
	return cells
}

func order(c etl.Cell) string {
	return c.Month + "\x00" + c.Source + "\x00" + c.Currency + "\x00" + c.Type
}

// column reads the next n values of a column that holds no nulls. The reader
// answers a damaged page with fewer values, or with nulls, and no error.
func column[T any](r *reader.ParquetReader, c contract, name string, n int64, typed *[]T) error {
	values, _, _, err := r.ReadColumnByIndex(c.index(name), n)
	if err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	if int64(len(values)) != n {
		return fmt.Errorf("column %s: read %d values where the footer promises %d", name, len(values), n)
	}
	*typed = make([]T, n)
	for i, value := range values {
		v, ok := value.(T)
		if !ok {
			return fmt.Errorf("column %s: a value reads as %v", name, value)
		}
		(*typed)[i] = v
	}
	return nil
}

const secondsPerDay = 24 * 60 * 60

func monthOf(days int32) int32 {
	t := time.Unix(int64(days)*secondsPerDay, 0).UTC()
	return int32(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

func day(days int32) string {
	return time.Unix(int64(days)*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

// fourDecimals prints a number of ten-thousandths as a decimal.
func fourDecimals(x *big.Int) string {
	return new(big.Rat).SetFrac(x, big.NewInt(10_000)).FloatString(4)
}
