package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// maxEndedIDs bounds the memory for windows that are not concluded.
const maxEndedIDs = 100_000

// end queues a window for conclusion together with others: each transaction
// costs as much as some hundred records.
func (j *job) end(ctx context.Context, f *finding) error {
	if f.Proven && f.Passes > 1 {
		if err := j.land.supersede(ctx, f.ReadID, f.Passes); err != nil {
			return err
		}
	}
	j.land.release(f.ReadID)
	j.mu.Lock()
	j.ended = append(j.ended, f)
	for _, pass := range f.seen {
		j.endedIDs += len(pass)
	}
	full := j.endedIDs >= maxEndedIDs
	j.windows++
	j.tellWindows()
	if j.OnProof != nil {
		j.OnProof(f.Proof)
	}
	j.mu.Unlock()
	if !full && !j.land.isFull() {
		return nil
	}
	return j.conclude(ctx)
}

// conclude lands the windows that have ended, and records what is missing from
// them and their proofs.
func (j *job) conclude(ctx context.Context) error {
	j.concluding.Lock()
	defer j.concluding.Unlock()
	j.mu.Lock()
	ended := j.ended
	j.ended, j.endedIDs = nil, 0
	j.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	if err := j.land.land(ctx); err != nil {
		return err
	}
	var (
		concluded []*finding
		failed    []error
	)
	for _, f := range ended {
		if err := j.examine(ctx, f); err != nil {
			failed = append(failed, err)
		} else {
			concluded = append(concluded, f)
		}
	}
	if err := j.record(ctx, concluded); err != nil {
		return errors.Join(append(failed, err)...)
	}
	j.close(concluded)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range concluded {
		j.report.Proofs = append(j.report.Proofs, f.Proof)
	}
	return errors.Join(failed...)
}

// examine finds the records that are missing from the proven read of a window;
// what happens to them is decided once all windows of the job are read. Records
// that only an earlier pass found are fetched by id: they stay unchanged unless
// the vendor returns them.
func (j *job) examine(ctx context.Context, f *finding) error {
	if err := j.land.failure(f.ReadID); err != nil || !f.Proven {
		return err
	}
	if f.Purpose != purposeCreated { // its window is of other days
		living, _ := j.known.living(j.about.Stream, f.Window)
		f.Living = len(living)
		if f.nameless == 0 { // otherwise each may be one that came without its id
			f.missing = slices.DeleteFunc(living, f.saw)
			slices.Sort(f.missing)
		}
	}
	var err error
	if asked, canAsk := j.source.(finder); canAsk {
		_, _, err = j.askEach(ctx, asked, f.early(), func(int) bool { return false })
	} else {
		f.missing, err = j.inside(ctx, f.Window, f.missing)
	}
	if err != nil {
		return fmt.Errorf("missing records of window %s: %w", f.Name, err)
	}
	return nil
}

// inside keeps the records whose datetimes are all in this window, because the
// vendor does not say by which one it filters.
func (j *job) inside(ctx context.Context, w etl.Window, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []string
	err := j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := tx.AddMacros(ctx); err != nil {
			return err
		}
		var err error
		found, err = warehouse.Strings(ctx, tx, "extract/record.inside", j.about.stream(warehouse.Args{
			"record_ids":  ids,
			"window_from": optionalDay(w.From), "window_to": optionalDay(w.To),
		}))
		return err
	})
	return found, err
}

// record stores the results of some windows in one transaction.
func (j *job) record(ctx context.Context, concluded []*finding) error {
	if len(concluded) == 0 {
		return nil
	}
	back, err := j.back(ctx, concluded)
	if err != nil {
		return err
	}
	now := j.Now().UTC()
	var checks []check
	var slots []*slot
	for _, f := range concluded {
		c, err := f.check()
		if err != nil {
			return err
		}
		checks, slots = append(checks, c), append(slots, f.slot)
		f.slot.state = stateUnproven
		if f.Proven {
			f.slot.state = stateRead
		}
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.unlist(ctx, tx, back, now); err != nil {
			return err
		}
		for _, f := range concluded {
			if len(f.missing) == 0 {
				continue
			}
			j.notes = nil
			args := j.about.stream(warehouse.Args{"record_ids": f.missing, "read_id": f.slot.readID, "now": now})
			if _, err := tx.Exec(ctx, "extract/absence.add", args); err != nil {
				return err
			}
		}
		if err := j.check(ctx, tx, checks...); err != nil {
			return err
		}
		return j.setSlots(ctx, tx, slots...)
	})
}

// back lists the records that were missing or listed as vanished and that these
// windows returned.
func (j *job) back(ctx context.Context, concluded []*finding) ([]string, error) {
	n, err := j.noted(ctx)
	if err != nil {
		return nil, err
	}
	ids := slices.AppendSeq(slices.Collect(maps.Keys(n.absences)), maps.Keys(n.listed))
	return slices.DeleteFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(concluded, func(f *finding) bool { return f.Proven && f.saw(id) })
	}), nil
}

// A Proof says whether a window was read completely: whether the vendor's counts
// before and after equal the number of records found.
type Proof struct {
	Purpose string     `json:"purpose"` // window, created, backfill, sweep
	Window  etl.Window `json:"-"`
	Name    string     `json:"window"` // the window as text
	Proven  bool       `json:"proven"`
	Before  int        `json:"expected_before"`
	After   int        `json:"expected_after"`
	Found   int        `json:"found"` // distinct ids of the last pass
	Passes  int        `json:"passes"`
	Pages   int        `json:"pages"` // of all passes
	Reason  string     `json:"reason,omitempty"`
	ReadID  string     `json:"read_id"`

	Living int            `json:"living"`          // stored records of these days that are not deleted
	Blank  map[string]int `json:"blank,omitempty"` // link → found records without it
}

// check converts the proof into a row of ops.checks.
func (p Proof) check() (check, error) {
	detail, err := json.Marshal(p)
	return check{
		Name: "window_complete", Subject: p.Name, Passed: p.Proven,
		Expected: strconv.Itoa(p.After), Actual: strconv.Itoa(p.Found), Detail: string(detail),
	}, err
}

// proofs returns the proofs of some reads, and loads those of an earlier run.
func (j *job) proofs(ctx context.Context, readIDs []string) ([]Proof, error) {
	isAsked := func(p Proof) bool { return p.Proven && slices.Contains(readIDs, p.ReadID) }
	own := slices.DeleteFunc(slices.Clone(j.report.Proofs), func(p Proof) bool { return !isAsked(p) })
	if len(own) == len(readIDs) {
		return own, nil
	}
	details, err := warehouse.Strings(ctx, j.DB, "extract/proof.details",
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
		if isAsked(p) {
			proofs = append(proofs, p)
		}
	}
	return proofs, nil
}

// A check is a row of ops.checks.
type check struct {
	Name     string `json:"check_name"`
	Subject  string `json:"subject"`
	Passed   bool   `json:"passed"`
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

func (j *job) check(ctx context.Context, r warehouse.Runner, checks ...check) error {
	if len(checks) == 0 {
		return nil
	}
	text, err := json.Marshal(checks)
	if err != nil {
		return err
	}
	_, err = r.Exec(ctx, "extract/proof.add", warehouse.Args{
		"run_id": string(j.RunID), "stage": "extract/" + j.about.Name, "source": j.about.Name,
		"checks": string(text), "checked_at": j.Now().UTC(),
	})
	return err
}

// recordBadIncluded records the included objects that could not be read. Their
// previous versions remain current.
func (j *job) recordBadIncluded(ctx context.Context) error {
	var found []string
	for _, what := range slices.Sorted(maps.Keys(j.keep.badIncluded)) {
		found = append(found, fmt.Sprintf("%s (%s)", what, j.keep.badIncluded[what]))
	}
	if len(found) == 0 {
		return nil
	}
	j.Log.WarnContext(ctx, "included objects could not be read; what was known of them before still counts",
		etl.KeyRecords, len(found), etl.KeyReason, found[0])
	return j.check(ctx, j.DB, check{
		Name: "included_readable", Expected: "0", Actual: strconv.Itoa(len(found)),
		Detail: strings.Join(found[:min(len(found), 10)], "\n"),
	})
}

// recordNews records the members that are in no schema, each only once.
func (j *job) recordNews(ctx context.Context) error {
	news := j.about.shapes.News()
	if len(news) == 0 {
		return nil
	}
	known, err := warehouse.Strings(ctx, j.DB, "extract/proof.subjects",
		warehouse.Args{"source": j.about.Name, "check_name": "schema_news"})
	if err != nil {
		return err
	}
	var checks []check
	for _, name := range news {
		if slices.Contains(known, name) {
			continue
		}
		checks = append(checks, check{Name: "schema_news", Subject: name, Passed: true})
		j.report.News = append(j.report.News, name)
	}
	return j.check(ctx, j.DB, checks...)
}
