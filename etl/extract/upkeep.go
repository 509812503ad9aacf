package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// CheckPages reads every page file and compares it with its row. It marks the
// pages whose file is missing or changed: their objects count as news until a page
// that holds them is stored again. Its error names the first of them.
func CheckPages(ctx context.Context, db *warehouse.DB, folder string) error {
	files, err := newPageFiles(folder)
	if err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "page files are as they were fetched"}
	lost := []string{""}
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
	if _, err := db.Exec(ctx, "extract/page.set_lost", warehouse.Args{"files": lost}); err != nil {
		return err
	}
	if failed.Rows > 0 {
		return failed
	}
	return nil
}

// UnlandedFiles lists the page files, relative to the data folder, in lines that
// have not landed.
func UnlandedFiles(ctx context.Context, db *warehouse.DB, folder string) ([]string, error) {
	sources, err := sourcesIn(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, source := range sources {
		all, err := journals(ctx, db, folder, source)
		if err != nil {
			return nil, err
		}
		for _, j := range all {
			if j.size <= j.landed {
				continue
			}
			if _, err := j.read(j.landed, "", func(one line, _ int64) error {
				if one.Page != nil && one.Page.File != "" {
					files = append(files, one.Page.File)
				}
				return nil
			}); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// TrimJournal removes the lines of some pages from a journal, or the whole file if
// nothing else in it matters. A missing journal is not an error.
func TrimJournal(folder, source, name string, pageIDs map[string]bool) error {
	j := &journal{folder: journalFolder(folder, source), name: name}
	var left []line
	counts := false
	_, err := j.read(0, "", func(one line, _ int64) error {
		if one.Page == nil || !pageIDs[one.Page.ID] {
			left = append(left, one)
			counts = counts || one.Page != nil || one.Gone != nil || one.Accepted != nil
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !counts:
		return os.Remove(j.path())
	}
	text, err := encode(left)
	if err != nil {
		return err
	}
	return durable.WriteFile(j.path(), text, 0o600)
}
