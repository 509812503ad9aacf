package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

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
		"expected": optional(c.expected), "actual": optional(c.actual), "detail": optional(c.detail),
		"checked_at": j.Now().UTC(),
	})
	return err
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
