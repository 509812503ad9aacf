package snapshot

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xitongsys/parquet-go/reader"

	"spendbridge/schemas"
)

// The recipe of schemas/parquet/README.md, followed with no part of DuckDB: what
// anyone can recompute from the files alone.
func TestTheLogicalHashIsRecomputedWithoutTheEngine(t *testing.T) {
	db := snapshotDB(t, 1000, twoMonths, 2, nil)
	s := takeOne(t, db, snapshotOptions(t.TempDir(), firstRun))
	c, err := readContract(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	total := new(big.Int)
	for _, file := range s.Manifest.Files {
		sum := hashRows(t, filepath.Join(s.Path, file.Path), c)
		if sum.String() != file.LogicalHash {
			t.Errorf("%s: %s, the manifest says %s", file.Path, sum, file.LogicalHash)
		}
		total.Add(total, sum)
	}
	if total.String() != s.Manifest.LogicalHash {
		t.Errorf("snapshot: %s, the manifest says %s", total, s.Manifest.LogicalHash)
	}
}

func hashRows(t *testing.T, path string, c contract) *big.Int {
	t.Helper()
	sum := new(big.Int)
	err := withParquet(path, c, func(r *reader.ParquetReader) error {
		lines := make([][]string, r.GetNumRows())
		for i, column := range c.Columns {
			values, _, _, err := r.ReadColumnByIndex(int64(i), r.GetNumRows())
			if err != nil {
				return err
			}
			for row, value := range values {
				lines[row] = append(lines[row], columnText(column, value))
			}
		}
		for _, fields := range lines {
			digest := md5.Sum([]byte(strings.Join(fields, "\x1f")))
			sum.Add(sum, new(big.Int).SetUint64(binary.LittleEndian.Uint64(digest[:8])))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// columnText spells a value as the logical hash has it.
func columnText(column contractColumn, value any) string {
	switch {
	case value == nil:
		return "\x1e"
	case column.Converted == "DATE":
		return day(value.(int32))
	case column.Converted == "DECIMAL" && column.Type == "INT64":
		return decimalText(big.NewInt(value.(int64)), column.Scale)
	case column.Converted == "DECIMAL":
		return decimalText(twosComplement(value.(string)), column.Scale)
	}
	return fmt.Sprint(value)
}

// twosComplement reads a signed big-endian number.
func twosComplement(bytes string) *big.Int {
	n := new(big.Int).SetBytes([]byte(bytes))
	if bytes[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return n
}

func decimalText(unscaled *big.Int, scale int32) string {
	denominator := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(unscaled, denominator).FloatString(int(scale))
}
