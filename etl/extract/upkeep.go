package extract

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

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

// UnlandedFiles lists the page files, relative to the data folder, that lines
// name which have not landed.
func UnlandedFiles(ctx context.Context, db *warehouse.DB, folder string) ([]string, error) {
	sources, err := sourcesIn(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, source := range sources {
		all, err := journals(folder, source)
		if err != nil {
			return nil, err
		}
		landed, err := landedBytes(ctx, db, source)
		if err != nil {
			return nil, err
		}
		for _, j := range all {
			if j.size <= landed[j.name] {
				continue
			}
			if _, err := j.read(landed[j.name], func(one line, _ int64) error {
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

// A TrimmedJournal is a journal without the lines of pages that are pruned.
type TrimmedJournal struct {
	Source, Name string
	Pages        map[string]bool // to be left out, by id
}

// Trim rewrites the journal, or removes it if nothing of it counts any more.
// A journal that is gone already is no error.
func (t TrimmedJournal) Trim(folder string) error {
	all, err := journals(folder, t.Source)
	if err != nil {
		return err
	}
	for _, j := range all {
		if j.name == t.Name {
			return j.trim(t.Pages)
		}
	}
	return nil
}

func (j *journal) trim(pruned map[string]bool) error {
	var text bytes.Buffer
	write := json.NewEncoder(&text)
	write.SetEscapeHTML(false)
	counts := false
	if _, err := j.read(0, func(one line, _ int64) error {
		if one.Page != nil && pruned[one.Page.ID] {
			return nil
		}
		counts = counts || one.Page != nil || one.Gone != nil || one.Accepted != nil
		return write.Encode(one)
	}); err != nil {
		return err
	}
	if !counts {
		return os.Remove(j.path())
	}
	return durable.WriteFile(j.path(), text.Bytes(), 0o600)
}
