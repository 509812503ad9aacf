package report

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// judge says what waits for a person, and what all of it comes to.
func (s *State) judge(ctx context.Context, db warehouse.Runner) error {
	s.Todo = append(s.Todo, s.batchesToDo()...)
	s.Todo = append(s.Todo, holdsToDo(s.Held)...)
	var settled sql.NullTime
	if err := db.Get(ctx, "queries/status_settled.sql", nil, &settled); err != nil {
		return err
	}
	bad := s.stagesToDo(settled.Time)
	s.Status = s.worst(bad)
	s.Since = s.since(bad)
	return nil
}

func (s *State) batchesToDo() []Todo {
	var all []Todo
	for _, b := range s.Batches {
		all = append(all, Todo{
			What:     fmt.Sprintf("batch %s with %d records was sent and its answer was lost; look whether Productiv has it", b.Batch, b.Records),
			Commands: settleBatch(b.Batch),
		})
	}
	return all
}

// settleBatch is how a person says what became of a batch.
func settleBatch(batch string) []string {
	return []string{
		"spendbridge settle " + shellWord(batch) + ` --accepted --note "found in Productiv"`,
		"spendbridge settle " + shellWord(batch) + ` --resend --note "not in Productiv"`,
	}
}

func (s *State) holds(ctx context.Context, db warehouse.Runner) (err error) {
	s.Held, err = readHolds(ctx, db)
	return err
}

func readHolds(ctx context.Context, db warehouse.Runner) ([]HoldState, error) {
	return list(ctx, db, "status_holds", nil, func(rows *sql.Rows, x *HoldState) error {
		return rows.Scan(&x.Gate, &x.Records)
	})
}

func holdsToDo(holds []HoldState) []Todo {
	var all []Todo
	for _, h := range holds {
		all = append(all, Todo{
			What:     fmt.Sprintf("productiv.%s holds %d records back; look at them, then let them go", h.Gate, h.Records),
			Commands: []string{"spendbridge load --dry-run", `spendbridge load --approve --note "looked at them"`},
		})
	}
	return all
}

// stagesToDo lists the stages that did not end well, and notes what they said.
// A delivery that waited for a person waits no more once everything was
// settled after it.
func (s *State) stagesToDo(settled time.Time) []StageState {
	var bad []StageState
	listed := len(s.Todo) > 0
	for _, x := range s.Stages {
		delivery := x.Stage == "deliver" && x.Status == etl.StatusNeedsPerson
		switch {
		case x.Status == etl.StatusOK, delivery && !listed && settled.After(x.Finished):
			continue
		case delivery && listed: // each thing is listed by itself
		default:
			s.Todo = append(s.Todo, Todo{What: x.Stage + ": " + x.Error})
		}
		bad = append(bad, x)
	}
	return bad
}

func (s *State) worst(bad []StageState) string {
	switch {
	case slices.ContainsFunc(bad, func(x StageState) bool { return x.Status == etl.StatusFailed }):
		return etl.StatusFailed
	case len(s.Todo) > 0:
		return etl.StatusNeedsPerson
	case len(s.Stages) == 0:
		return ""
	}
	return etl.StatusOK
}

// since is when the first trouble began, or when the last one ended.
func (s *State) since(bad []StageState) time.Time {
	var t time.Time
	for _, x := range bad {
		if t.IsZero() || x.Since.Before(t) {
			t = x.Since
		}
	}
	if len(bad) > 0 {
		return t
	}
	for _, b := range s.Batches {
		if t.IsZero() || b.Planned.Before(t) {
			t = b.Planned
		}
	}
	if len(s.Todo) > 0 {
		return t
	}
	for _, x := range s.Stages {
		if x.Since.After(t) {
			t = x.Since
		}
	}
	return t
}

// Subject names what is wrong, the same for as long as the same is wrong.
func (s *State) Subject() string {
	var subjects []string
	for _, x := range s.Stages {
		if x.Status != etl.StatusOK && len(s.Todo) > 0 {
			subjects = append(subjects, x.Stage+" "+x.Status)
		}
	}
	for _, b := range s.Batches {
		subjects = append(subjects, b.Batch)
	}
	return strings.Join(subjects, ", ")
}
