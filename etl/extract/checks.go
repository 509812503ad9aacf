package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func (j *job) recordProof(ctx context.Context, proof Proof) error {
	detail, err := json.Marshal(proof)
	if err != nil {
		return err
	}
	return j.check(ctx, check{
		name: "window_complete", subject: proof.Name, passed: proof.Proven,
		expected: strconv.Itoa(proof.After), actual: strconv.Itoa(proof.Found), detail: string(detail),
	})
}

// proofs reads what the reads of some windows have proven.
func (j *job) proofs(ctx context.Context, windows []*slot) ([]Proof, error) {
	details, err := warehouse.Strings(ctx, j.DB, "queries/proof_details.sql",
		warehouse.Args{"source": j.about.Name, "since": j.started})
	if err != nil {
		return nil, err
	}
	var proofs []Proof
	for _, detail := range details {
		var p Proof
		if err := json.Unmarshal([]byte(detail), &p); err != nil {
			return nil, fmt.Errorf("proof of a window: %w", err)
		}
		if slices.ContainsFunc(windows, func(s *slot) bool { return s.readID == p.ReadID }) {
			proofs = append(proofs, p)
		}
	}
	return proofs, nil
}

// A check is a row of ops.checks.
type check struct {
	name, subject    string
	passed           bool
	expected, actual string
	detail           string
}

func (j *job) check(ctx context.Context, c check) error {
	_, err := j.DB.Exec(ctx, "queries/proof_add.sql", warehouse.Args{
		"run_id": string(j.RunID), "stage": "extract/" + j.about.Name, "source": j.about.Name,
		"check_name": c.name, "subject": c.subject, "passed": c.passed,
		"expected": warehouse.Null(c.expected), "actual": warehouse.Null(c.actual), "detail": warehouse.Null(c.detail),
		"checked_at": j.Now().UTC(),
	})
	return err
}

// recordBadIncluded notes the included objects that could not be read: what
// was known of them before still counts.
func (j *job) recordBadIncluded(ctx context.Context) error {
	var found []string
	args := warehouse.Args{"run_id": string(j.RunID), "source": j.about.Name}
	err := j.DB.Each(ctx, "queries/page_bad_included.sql", args, func(rows *sql.Rows) error {
		var f fault
		var file string
		if err := rows.Scan(&f.RecordID, &f.Reason, &f.Detail, &file, &f.Ordinal); err != nil {
			return err
		}
		found = append(found, fmt.Sprintf("%s: %s: %s (object %d of page %s)", f.RecordID, f.Reason, f.Detail, f.Ordinal, file))
		return nil
	})
	if err != nil || len(found) == 0 {
		return err
	}
	j.Log.WarnContext(ctx, "included objects could not be read; what was known of them before still counts",
		etl.KeyRecords, len(found), etl.KeyReason, found[0])
	return j.check(ctx, check{
		name: "included_readable", expected: "0", actual: strconv.Itoa(len(found)),
		detail: strings.Join(found[:min(len(found), 10)], "\n"),
	})
}

// recordNews notes the members that no schema knows, each of them once ever.
func (j *job) recordNews(ctx context.Context) error {
	known, err := warehouse.Strings(ctx, j.DB, "queries/proof_subjects.sql",
		warehouse.Args{"source": j.about.Name, "check_name": "schema_news"})
	if err != nil {
		return err
	}
	for _, name := range j.about.shapes.News() {
		if slices.Contains(known, name) {
			continue
		}
		if err := j.check(ctx, check{name: "schema_news", subject: name, passed: true}); err != nil {
			return err
		}
		j.report.News = append(j.report.News, name)
	}
	return nil
}

// unproven says which windows could not be proven.
func (r *Report) unproven() error {
	var found []error
	for _, p := range r.Proofs {
		if !p.Proven {
			found = append(found, fmt.Errorf("window %s is not proven after %d passes: %s; its records are loaded, the next run reads it again", p.Name, p.Passes, p.Reason))
		}
	}
	return errors.Join(found...)
}
