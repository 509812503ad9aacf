package extract

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// Rebuild fills an empty warehouse with what the journals and page files of a
// data folder hold: every page, every version of every record, and the
// tombstones, each after the pages that were read before it.
//
// from is the warehouse of the folder: what it holds of a version without
// journals is written into one first.
func Rebuild(ctx context.Context, from, into *warehouse.DB, folder string) (etl.Counts, error) {
	files, err := newPageFiles(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	backlogs, err := warehouse.Strings(ctx, from, "extract/page.sources", nil)
	if err != nil {
		return etl.Counts{}, err
	}
	for _, source := range backlogs {
		if err := writeBacklog(ctx, from, folder, source); err != nil {
			return etl.Counts{}, err
		}
	}
	sources, err := sourcesIn(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	var counts etl.Counts
	for _, source := range sources {
		l := &lander{db: into, files: files, source: source}
		if err := l.rebuild(ctx, folder); err != nil {
			return counts, fmt.Errorf("journals of %s: %w", source, err)
		}
		counts = counts.Plus(l.counts)
	}
	return counts, nil
}

// sourcesIn lists the sources that have journals.
func sourcesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, "raw"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var sources []string
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(folder, journalFolder(entry.Name()))); err == nil {
			sources = append(sources, entry.Name())
		}
	}
	return sources, nil
}

func (l *lander) rebuild(ctx context.Context, folder string) error {
	all, err := journals(folder, l.source)
	if err != nil {
		return err
	}
	voided, err := voidedIn(all)
	if err != nil {
		return err
	}
	for _, j := range all {
		if _, err := l.replay(ctx, j, 0, voided); err != nil {
			return err
		}
	}
	return l.failure("")
}

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

// CheckPages reads every page file and compares it with its row. It marks the
// pages whose file is missing or changed: what was seen there last counts as
// news until a page that holds it is stored again. Its error names the first of
// them.
func CheckPages(ctx context.Context, db *warehouse.DB, folder string) error {
	files, err := newPageFiles(folder)
	if err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "page files are as they were fetched"}
	lost := []string{}
	err = db.Each(ctx, "extract/page.files", nil, func(rows *sql.Rows) error {
		var file string
		var bytes int
		if err := rows.Scan(&file, &bytes); err != nil {
			return err
		}
		body, err := files.read(file)
		if err == nil && len(body) != bytes {
			err = fmt.Errorf("page file %s: %d bytes instead of %d", file, len(body), bytes)
		}
		if err != nil {
			lost = append(lost, file)
			failed.Rows++
			if failed.Rows <= 5 {
				failed.First = append(failed.First, err.Error())
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "extract/page.set_lost", warehouse.Args{"files": append(lost, "")}); err != nil {
		return err
	}
	if failed.Rows > 0 {
		return failed
	}
	return nil
}
