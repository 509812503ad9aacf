package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
)

// judge puts the run into words: how it went, what needs attention now, and
// the numbers that matter.
func (p *page) judge() {
	p.Todo = slices.Concat(p.stagesToDo(), p.totalsToDo(), p.State.waits())
	p.Verdict = p.verdict()
	p.Figures = p.figures()
}

func (p *page) verdict() verdict {
	except := etl.Exceptions(p.State.Open)
	switch {
	case p.Run.Status == etl.StatusFailed:
		return verdict{"failed", "This run failed", p.failedText()}
	case p.Run.Finished.IsZero():
		return verdict{"person", "This run has not ended", "What is below is as of now."}
	case len(p.Todo) > 0:
		title := "Done, and something needs attention"
		if p.State.Status == etl.StatusNeedsPerson {
			title = p.State.Verdict()
		}
		return verdict{"person", title, "The list below says what is left, and the command that settles it."}
	case except != "":
		return verdict{"ok", "In order, except " + except, p.okText()}
	}
	return verdict{"ok", "Everything is in order", p.okText()}
}

func (p *page) okText() string {
	text := "Nothing needs a decision."
	if len(p.Totals.Received) > 0 && p.TotalsRun == string(p.Run.Run) {
		text += " Every record that was read is accounted for, and every total agrees."
	}
	return text
}

func (p *page) failedText() string {
	text := "What was stored before stays, and the next run resumes from there."
	if len(p.Deliveries) == 0 {
		text += " Nothing was sent to Productiv in this run."
	}
	return text
}

// stagesToDo lists what stages reported. What a delivery waits for is listed batch
// by batch.
func (p *page) stagesToDo() []Todo {
	var all []Todo
	for _, s := range p.Stages {
		if s.Error != "" && !(s.Stage == "deliver" && s.Status == etl.StatusNeedsPerson) {
			all = append(all, Todo{What: stageWords(s.Stage) + ": " + s.Error})
		}
	}
	if len(all) == 0 && p.Run.Status == etl.StatusFailed && p.Run.Error != "" {
		all = append(all, Todo{What: p.Run.Error})
	}
	return all
}

func (p *page) totalsToDo() []Todo {
	var unbalanced []string
	for _, row := range p.Totals.Received {
		if !row.Balanced {
			unbalanced = append(unbalanced, row.Source+" "+row.Currency)
		}
	}
	for _, row := range p.Totals.Delivered {
		if !row.Balanced {
			unbalanced = append(unbalanced, row.Source+" "+row.Currency+" (delivery)")
		}
	}
	if len(unbalanced) == 0 {
		return nil
	}
	return []Todo{{
		What:     "Totals do not agree for " + strings.Join(unbalanced, ", ") + ". Nothing is posted while that is so.",
		Commands: []string{"spendbridge verify"},
	}}
}

func (p *page) figures() []figure {
	spent := "no spend yet"
	if p.Spend.Records > 0 {
		spent = fmt.Sprintf("%s records, %s to %s", etl.Number(p.Spend.Records), p.Spend.FirstDay, p.Spend.LastDay)
	}
	sent := int64(0)
	for _, d := range p.Deliveries {
		if d.State == "accepted" {
			sent += d.Records
		}
	}
	return []figure{
		{strings.TrimSpace("All spend " + p.Spend.Currency), p.money(p.Spend.Amount, p.Spend.Currency), spent},
		{"Accepted by Productiv", etl.Number(sent), "records, in this run"},
		{"Excluded", etl.Number(records(p.Excluded)), "records that are not spend"},
		{"Quarantined", etl.Number(records(p.Quarantine)), "records that cannot become spend yet"},
	}
}

func records(rows []reasonRow) (sum int64) {
	for _, r := range rows {
		sum += r.Records
	}
	return sum
}

// judge derives what needs attention, and the status.
func (s *State) judge() {
	died, waits := s.diedToDo(), s.waits()
	s.Todo = append(append(s.Todo, died...), waits...)
	bad := s.stagesToDo(len(waits) > 0)
	s.Status = s.worst(died, bad)
	s.Since = s.since(bad)
}

// waits lists what waits for a decision.
func (s *State) waits() []Todo {
	all := s.batchesToDo()
	if plan := (etl.HeldPlan{Name: s.Plan, Held: s.Held, Moves: s.Moves}); plan.Name != "" {
		all = append(all, Todo{plan.String(), plan.Ways()})
	}
	return slices.Concat(all, s.openToDo(), s.vanishedToDo())
}

// diedToDo lists runs that never ended. The caller holds the lock, so their
// processes are gone.
func (s *State) diedToDo() []Todo {
	var all []Todo
	for _, r := range s.Died {
		again := "run" // unless another command goes on where it stopped
		if slices.Contains([]string{"extract", "transform", "load", "verify"}, r.Command) {
			again = r.Command
		}
		what := fmt.Sprintf("run %s (%s) was stopped before it ended: killed, or the machine went down", r.Run, r.Command)
		all = append(all, Todo{what, []string{"spendbridge " + again}})
	}
	return all
}

// stageCommand is the command that runs a stage again.
func stageCommand(stage string) string {
	kind, source, _ := strings.Cut(stage, "/")
	switch kind {
	case "extract":
		return "extract " + shellWord(source)
	case "verify":
		return "verify"
	case "rates", "transform":
		return "transform"
	}
	return "load"
}

func (s *State) batchesToDo() []Todo {
	var all []Todo
	for _, b := range s.Batches {
		settle := "spendbridge settle " + shellWord(b.Batch)
		todo := Todo{
			fmt.Sprintf("batch %s with %d records was sent and its answer was lost; look whether Productiv has it", b.Batch, b.Records),
			[]string{settle + ` --accepted --note "found in Productiv"`, settle + ` --resend --note "not in Productiv"`},
		}
		if b.State == "sending" {
			todo = Todo{
				fmt.Sprintf("batch %s with %d records was being sent when its run died; the next load finds out what became of it", b.Batch, b.Records),
				[]string{"spendbridge load"},
			}
		}
		all = append(all, todo)
	}
	return all
}

// openToDo names what no later load settles by itself. Batches in doubt and
// what gates hold are listed on their own.
func (s *State) openToDo() []Todo {
	var all []Todo
	add := func(what string, is func(etl.Undelivered) bool, commands ...string) {
		cells := slices.DeleteFunc(slices.Clone(s.Open), func(u etl.Undelivered) bool { return u.Settled || !is(u) })
		if len(cells) > 0 {
			all = append(all, Todo{fmt.Sprintf(what, etl.SumUp(cells), etl.MoneyOf(cells)), commands})
		}
	}
	of := func(class string) func(etl.Undelivered) bool {
		return func(u etl.Undelivered) bool { return u.Class == class }
	}
	rejected := []string{`spendbridge settle --rejected --retry --note "corrected"`, `spendbridge settle --rejected --dismiss --note WHY`}
	unsent := []string{"spendbridge load --dry-run", `spendbridge settle --changes --corrected-at-productiv --note WHY`, `spendbridge settle --changes --dismiss --note WHY`}
	add("%s records were rejected by Productiv (%s)", of(etl.ClassRejected), rejected...)
	add("%s records were rejected here, before they were sent (%s)", of(etl.ClassInvalid), rejected...)
	add("%s records changed after they were posted, and the change is not posted (%s)", of(etl.ClassChanged), unsent...)
	add("%s records were withdrawn after they were posted, and Productiv still has them (%s)", of(etl.ClassWithdrawn), unsent...)
	add("%s records are reversed at Productiv without their new version (%s)",
		func(u etl.Undelivered) bool { return u.Reversed > 0 }, "spendbridge explain SPEND_ID")
	return all
}

func (s *State) vanishedToDo() []Todo {
	var all []Todo
	for _, v := range s.Vanished {
		what := fmt.Sprintf("%d records of %s seem to have vanished and stay as they were", v.Records, v.Source)
		if v.Links {
			what = fmt.Sprintf("many records of %s lack a link such as the vendor, so nothing that vanished is believed (%d records)", v.Source, v.Records)
		}
		all = append(all, Todo{
			what + "; check what the credentials may see, and accept it if it is true",
			[]string{"spendbridge extract " + shellWord(v.Source) + ` --accept-vanished --note "it is true"`},
		})
	}
	return all
}

// isListed reports whether a stage waits for nothing but what is listed by
// itself.
func (s *State) isListed(x StageState) bool {
	source, isExtract := strings.CutPrefix(x.Stage, "extract/")
	return isExtract && x.Status == etl.StatusNeedsPerson &&
		slices.ContainsFunc(s.Vanished, func(v Vanished) bool { return v.Source == source })
}

// stagesToDo lists the stages that did not end well, and notes what they said.
// What a delivery waits for is in the ledger, and listed from there; listed
// says that anything is.
func (s *State) stagesToDo(listed bool) []StageState {
	var bad []StageState
	for _, x := range s.Stages {
		delivery := x.Stage == "deliver" && x.Status == etl.StatusNeedsPerson
		switch {
		case x.Status == etl.StatusOK, delivery && !listed:
			continue
		case delivery, s.isListed(x): // each thing is listed by itself
		default:
			s.Todo = append(s.Todo, Todo{x.Stage + ": " + x.Error, []string{"spendbridge " + stageCommand(x.Stage)}})
		}
		bad = append(bad, x)
	}
	return bad
}

func (s *State) worst(died []Todo, bad []StageState) string {
	for _, x := range died {
		s.fail(x.What)
	}
	for _, x := range bad {
		if x.Status == etl.StatusFailed {
			s.fail(x.Stage + ": " + x.Error)
		}
	}
	switch {
	case s.Failure != "":
		return etl.StatusFailed
	case len(s.Todo) > 0:
		return etl.StatusNeedsPerson
	case len(s.Stages) == 0:
		return ""
	}
	return etl.StatusOK
}

// fail records a failure; the verdict names the first one.
func (s *State) fail(what string) {
	s.Status = etl.StatusFailed
	if s.Failure == "" {
		s.Failure = what
	}
}

// since is when the first trouble began, or when the last one ended.
func (s *State) since(bad []StageState) time.Time {
	var began, ended []time.Time
	for _, x := range bad {
		began = append(began, x.Since)
	}
	if len(bad) == 0 {
		for _, b := range s.Batches {
			began = append(began, b.Planned)
		}
		for _, v := range s.Vanished {
			began = append(began, v.Since)
		}
	}
	for _, x := range s.Stages {
		ended = append(ended, x.Since)
	}
	switch {
	case len(began) > 0:
		return slices.MinFunc(began, time.Time.Compare)
	case len(s.Todo) > 0 || len(ended) == 0:
		return time.Time{}
	}
	return slices.MaxFunc(ended, time.Time.Compare)
}

// Subject names what is wrong: the same text while the same is wrong.
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
	for _, r := range s.Died {
		subjects = append(subjects, string(r.Run)+" died")
	}
	for _, v := range s.Vanished {
		subjects = append(subjects, v.Source+" vanished")
	}
	return strings.Join(subjects, ", ")
}

// Verdict sums up the state in one line, with what is not delivered and its money.
func (s *State) Verdict() string {
	except := etl.Exceptions(s.Open)
	also := ""
	if except != "" {
		also = "; not delivered: " + except
	}
	open := slices.ContainsFunc(s.Open, func(u etl.Undelivered) bool { return u.Attention })
	switch {
	case s.Status == "":
		return "No run yet"
	case s.Status == etl.StatusFailed:
		return "Something failed: " + s.Failure + also
	case s.Status == etl.StatusNeedsPerson && !open && len(s.Todo) > 0:
		return "Needs attention: " + s.Todo[0].What + also
	case except != "":
		return "In order, except " + except
	}
	return "Everything is in order"
}

// Add adds something that needs attention and is not in the warehouse. With
// failed a later run may settle it.
func (s *State) Add(failed bool, what string, commands ...string) {
	s.Todo = append(s.Todo, Todo{what, commands})
	switch {
	case failed:
		s.fail(what)
	case s.Status != etl.StatusFailed:
		s.Status = etl.StatusNeedsPerson
	}
}
