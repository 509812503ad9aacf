package report

import (
	"fmt"
	"strings"

	"spendbridge/etl"
)

// judge puts the run into words: how it went, what needs attention now, and
// the numbers that matter.
func (p *page) judge() {
	waits := p.State.waits()
	p.Todo = append(p.Todo, p.stagesToDo(len(waits) > 0)...)
	p.Todo = append(p.Todo, p.totalsToDo()...)
	p.Todo = append(p.Todo, waits...)
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
	case p.Run.Status == etl.StatusNeedsPerson || len(p.Todo) > 0:
		title := "Done, and something needs attention"
		if except != "" {
			title = "In order, except " + except
		}
		return verdict{"person", title, "The list below says what is left, and the command that settles it."}
	case except != "":
		return verdict{"ok", "In order, except " + except, p.okText()}
	}
	return verdict{"ok", "Everything is in order", p.okText()}
}

func (p *page) okText() string {
	text := "Nothing needs a decision."
	if len(p.Balance) > 0 && p.TotalsRun == p.Run.ID {
		text += " Every record that was read is accounted for, and every total agrees."
	}
	return text
}

func (p *page) failedText() string {
	text := "What was stored before stays, and the next run goes on from there."
	if len(p.Deliveries) == 0 {
		text += " Nothing was sent to Productiv in this run."
	}
	return text
}

// stagesToDo is what stages said themselves. What the delivery waits for is
// left to the list that knows each batch, if there is one.
func (p *page) stagesToDo(deliveryListed bool) []Todo {
	var all []Todo
	for _, s := range p.Stages {
		if s.Error != "" && !(deliveryListed && s.Name == "deliver" && s.Status == etl.StatusNeedsPerson) {
			all = append(all, Todo{What: s.Words + ": " + s.Error})
		}
	}
	if len(all) == 0 && p.Run.Error != "" && !deliveryListed {
		all = append(all, Todo{What: p.Run.Error})
	}
	return all
}

func (p *page) totalsToDo() []Todo {
	var unbalanced []string
	for _, row := range p.Balance {
		if !row.Balanced {
			unbalanced = append(unbalanced, row.Source+" "+row.Currency)
		}
	}
	for _, row := range p.Ledger.Rows {
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
		spent = fmt.Sprintf("%s records, %s to %s", count(p.Spend.Records), p.Spend.FirstDay, p.Spend.LastDay)
	}
	sent := int64(0)
	for _, d := range p.Deliveries {
		if d.State == "accepted" {
			sent += d.Records
		}
	}
	return []figure{
		{strings.TrimSpace("All spend " + p.Spend.Currency), p.Spend.Amount, spent},
		{"Accepted by Productiv", count(sent), "records, in this run"},
		{"Excluded", count(records(p.Excluded)), "records that are no spend"},
		{"Set aside", count(records(p.Quarantine)), "records that cannot become spend yet"},
	}
}

func records(rows []reasonRow) (sum int64) {
	for _, r := range rows {
		sum += r.Records
	}
	return sum
}

// maxSuggestions is how many pairs of vendors the page shows.
const maxSuggestions = 10

// suggest takes the pairs that would move most spend.
func (p *page) suggest(suggestions []Suggestion) error {
	for _, s := range suggestions[:min(len(suggestions), maxSuggestions)] {
		value, err := amount(s.Amount)
		if err != nil {
			return err
		}
		s.Amount = money(value, 2)
		p.Suggestions = append(p.Suggestions, s)
	}
	return nil
}
