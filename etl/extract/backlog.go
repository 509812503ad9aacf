package extract

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// backlogName is the journal of what a version without journals has kept. It
// sorts before all others.
const backlogName = "00000000-0000-0000-0000-000000000000"

// writeBacklog writes the pages and tombstones of a source that are of a
// version without journals into one, once.
func writeBacklog(ctx context.Context, db *warehouse.DB, folder, source string) error {
	var missing bool
	args := warehouse.Args{"source": source}
	if err := db.Get(ctx, "extract/journal.missing", args, &missing); err != nil || !missing {
		return err
	}
	j := &journal{folder: filepath.Join(folder, journalFolder(source)), name: backlogName}
	if err := durable.MkdirAll(j.folder, 0o700); err != nil {
		return err
	}
	file, err := durable.Create(j.path(), 0o600)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := exportBacklog(ctx, db, file, source); err != nil {
		return fmt.Errorf("journal of the pages of %s: %w", source, err)
	}
	if err := file.Commit(); err != nil {
		return err
	}
	info, err := os.Stat(j.path())
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(ctx, "extract/page.set_journal", warehouse.Args{"source": source, "journal": j.name}); err != nil {
			return err
		}
		return j.setLanded(ctx, tx, source, info.Size())
	})
}

// exportBacklog writes pages in the order in which they were kept, and
// tombstones among them: each before the page that showed its record again,
// else behind all pages that have landed.
func exportBacklog(ctx context.Context, db *warehouse.DB, to io.Writer, source string) error {
	graves, err := listGraves(ctx, db, source)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(to)
	write := json.NewEncoder(buffer)
	bury := func(before func(grave) bool) error {
		for len(graves) > 0 && before(graves[0]) {
			if err := write.Encode(line{Gone: &graves[0].goneLine}); err != nil {
				return err
			}
			graves = graves[1:]
		}
		return nil
	}
	all := func(grave) bool { return true }
	err = db.Each(ctx, "extract/page.backlog", warehouse.Args{"source": source}, func(rows *sql.Rows) error {
		var (
			text   string
			landed bool
			p      pageLine
		)
		if err := rows.Scan(&text, &landed); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return err
		}
		is := func(g grave) bool { return g.before != "" && g.before <= p.ID }
		if !landed {
			is = all
		}
		if err := bury(is); err != nil {
			return err
		}
		return write.Encode(line{Page: &p})
	})
	return errors.Join(err, bury(all), buffer.Flush())
}

// A grave is tombstones that were written at one time.
type grave struct {
	goneLine
	before string // the page that showed their records again; "" for none
}

func listGraves(ctx context.Context, db *warehouse.DB, source string) ([]grave, error) {
	var graves []grave
	err := db.Each(ctx, "extract/tombstone.list", warehouse.Args{"source": source}, func(rows *sql.Rows) error {
		var g grave
		var ids any
		if err := rows.Scan(&g.Stream, &g.At, &g.before, &ids); err != nil {
			return err
		}
		list, _ := ids.([]any)
		for _, id := range list {
			text, _ := id.(string)
			g.Records = append(g.Records, text)
		}
		graves = append(graves, g)
		return nil
	})
	return graves, err
}
