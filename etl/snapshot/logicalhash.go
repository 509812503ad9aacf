package snapshot

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"spendbridge/etl/warehouse"
)

// A month is what the state holds of one calendar month. Its logical hash is
// the sum over its rows of md5(line), first eight bytes read as a
// little-endian number, where the line is the row as sql/queries/
// snapshot_line.sql spells it. So two engines agree on it, and the hash of a
// snapshot is the sum of its months'.
type month struct {
	first       time.Time // its first day, UTC
	records     int64
	logicalHash string
}

func (m month) String() string { return m.first.Format("2006-01") }

// file is the place of the month in a snapshot.
func (m month) file() string {
	return fmt.Sprintf("year=%04d/month=%02d/part-0.parquet", m.first.Year(), m.first.Month())
}

// emptyMonth is the partition of the one file without rows that stands for an
// empty state.
var emptyMonth = month{first: time.Unix(0, 0).UTC(), logicalHash: "0"}

// stateMonths returns the months of canonical.spend, oldest first.
func stateMonths(ctx context.Context, conn *warehouse.Conn) ([]month, error) {
	if _, err := conn.Exec(ctx, "queries/snapshot_line.sql", nil); err != nil {
		return nil, err
	}
	var months []month
	err := conn.Each(ctx, "queries/snapshot_months.sql", nil, func(rows *sql.Rows) error {
		var m month
		if err := rows.Scan(&m.first, &m.records, &m.logicalHash); err != nil {
			return err
		}
		months = append(months, m)
		return nil
	})
	if len(months) == 0 {
		months = []month{emptyMonth}
	}
	return months, err
}

// firstDays lists months as SQL takes them.
func firstDays(months []month) string {
	days := make([]string, len(months))
	for i, m := range months {
		days[i] = m.first.Format(time.DateOnly)
	}
	return strings.Join(days, ",")
}
