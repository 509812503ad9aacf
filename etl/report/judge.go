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
	switch {
	case p.Run.Status == etl.StatusFailed:
		text := "What was stored before stays, and the next run resumes from there."
		if len(p.Deliveries) == 0 {
			text += " Nothing was sent to Productiv in this run."
		}
		return verdict{"failed", "This run failed", text}
	case p.Run.Finished.IsZero():
		return verdict{"person", "This run has not ended", "What is below is as of now."}
	case len(p.Todo) > 0:
		title := "Done, and something needs attention"
		if p.State.Status == etl.StatusNeedsPerson {
			title = p.State.Verdict()
		}
		return verdict{"person", title, "The list below says what is left, and the command that settles it."}
	}
	title, text := "Everything is in order", "Nothing needs a decision."
	if except := etl.Exceptions(p.State.Open); except != "" {
		title = "In order, except " + except
	}
	if len(p.Totals.Received) > 0 && p.TotalsRun == string(p.Run.Run) {
		text += " Every record that was read is accounted for, and every total agrees."
	}
	return verdict{"ok", title, text}
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
	unbalanced := p.Totals.unbalanced("", " (delivery)")
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
	all := []figure{{strings.TrimSpace("All spend to date " + p.Spend.Currency), p.money(p.Spend.Amount, p.Spend.Currency), spent}}
	all = append(all, p.monthFigures()...)
	sent, accepted, delivered := int64(0), moneyList{}, moneyList{}
	for _, d := range p.Deliveries {
		if d.State == "accepted" {
			sent += d.Records
			accepted.add(d.Amount, d.Currency)
		}
	}
	for _, d := range p.Totals.Delivered {
		delivered.add(d.States[0].Amount, d.Currency)
	}
	return append(all,
		figure{"Accepted by Productiv", etl.Number(sent), noted("records in this run", accepted.print(p))},
		figure{"Delivered to date", etl.Number(deliveredRecords(p.Totals)), noted("records at Productiv", delivered.print(p))},
		figure{"Excluded", etl.Number(records(p.Excluded)), noted("records that are not spend", p.leftOut(p.Excluded))},
		figure{"Quarantined", etl.Number(records(p.Quarantine)), noted("records that cannot become spend yet", p.leftOut(p.Quarantine))},
	)
}

// monthFigures are the month that goes on, and the newest that is over beside the
// one before.
func (p *page) monthFigures() (all []figure) {
	for _, m := range p.Months.All {
		if m.Name() == p.Run.Started.Format("January 2006") {
			all = append(all, figure{m.Name() + " so far", p.money(m.Amount, p.Spend.Currency), etl.Number(m.Records) + " records"})
		}
	}
	if c := p.Compared; c != nil {
		note := p.signed(c.All.Change, p.Spend.Currency)
		if percent := c.All.Percent(); percent != "" {
			note += " (" + percent + ")"
		}
		note += " against " + c.Last.Name()
		if state := p.stateOf(c.Month); state != "" {
			note += "; " + state
		}
		all = append(all, figure{c.Month.Name(), p.money(c.All.After, p.Spend.Currency), note})
	}
	return all
}

// noted is a note with the money that belongs to it, if there is any.
func noted(note, money string) string {
	if money == "" {
		return note
	}
	return note + ": " + money
}

// leftOut lists the money of what was left out, as far as it can be read.
func (p *page) leftOut(rows []reasonRow) string {
	var money moneyList
	for _, r := range rows {
		currency := strings.ToUpper(r.Currency)
		if _, known := p.exponents[cellKey{r.Source, currency}]; !known || r.Amount == "" {
			continue
		}
		if amount, err := p.shifted(r.Amount, r.Source, currency); err == nil {
			money.add(amount, currency)
		}
	}
	return money.print(p)
}

func deliveredRecords(t Totals) (sum int64) {
	for _, d := range t.Delivered {
		sum += d.States[0].Records
	}
	return sum
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
	for _, x := range died {
		s.fail(x.What)
	}
	bad := s.stagesToDo(len(waits) > 0)
	switch {
	case s.Failure != "":
	case len(s.Todo) > 0:
		s.Status = etl.StatusNeedsPerson
	case len(s.Stages) > 0:
		s.Status = etl.StatusOK
	}
	s.Since = s.since(bad)
}

func (s *State) waits() []Todo {
	all := s.batchesToDo()
	if plan := (etl.HeldPlan{Name: s.Plan, Held: s.Held, Moves: s.Moves}); plan.Name != "" {
		all = append(all, Todo{plan.String() + s.heldMoney(), plan.Ways()})
	}
	return slices.Concat(all, s.openToDo(), s.vanishedToDo())
}

// heldMoney is the money of what the gates hold, to stand behind why they do.
func (s *State) heldMoney() string {
	held := slices.DeleteFunc(slices.Clone(s.Open), func(u etl.Undelivered) bool { return u.Class != etl.ClassHeld })
	if len(held) == 0 {
		return ""
	}
	return " (" + etl.MoneyOf(held) + ")"
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

// stageCommands are the commands to call after a stage did not end well: the
// doctor knows what keeps a vendor from answering.
func stageCommands(x StageState) []string {
	again := "spendbridge " + stageCommand(x.Stage)
	if x.Status == etl.StatusFailed && (strings.HasPrefix(x.Stage, "extract/") || x.Stage == "deliver") {
		return []string{"spendbridge doctor", again}
	}
	return []string{again}
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
		what := "was sent and its answer was lost; look whether Productiv has it"
		commands := []string{settle + ` --accepted --note "found in Productiv"`, settle + ` --resend --note "not in Productiv"`}
		if b.State == "sending" {
			what = "was being sent when its run died; the next load finds out what became of it"
			commands = []string{"spendbridge load"}
		}
		all = append(all, Todo{fmt.Sprintf("batch %s with %d records %s", b.Batch, b.Records, what), commands})
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

// stagesToDo lists the stages that did not end well, and notes what they said.
// What a delivery waits for is in the ledger, and listed from there; listed
// says that anything is.
func (s *State) stagesToDo(listed bool) []StageState {
	var bad []StageState
	for _, x := range s.Stages {
		delivery := x.Stage == "deliver" && x.Status == etl.StatusNeedsPerson
		vanished := x.Status == etl.StatusNeedsPerson &&
			slices.ContainsFunc(s.Vanished, func(v Vanished) bool { return x.Stage == "extract/"+v.Source })
		switch {
		case x.Status == etl.StatusOK, delivery && !listed:
			continue
		case delivery, vanished: // each thing is listed by itself
		default:
			s.Todo = append(s.Todo, Todo{x.Stage + ": " + x.Error, stageCommands(x)})
		}
		if x.Status == etl.StatusFailed {
			s.fail(x.Stage + ": " + x.Error)
		}
		bad = append(bad, x)
	}
	return bad
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
	var began []time.Time
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
	switch {
	case len(began) > 0:
		return slices.MinFunc(began, time.Time.Compare)
	case len(s.Todo) > 0 || len(s.Stages) == 0:
		return time.Time{}
	}
	return slices.MaxFunc(s.Stages, func(a, b StageState) int { return a.Since.Compare(b.Since) }).Since
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
	if s.Missed != "" {
		subjects = append(subjects, s.Missed+" missed")
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
