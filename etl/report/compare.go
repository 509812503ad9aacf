package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

const maxCompared = 10

// A comparison puts the newest month that was over when the run began beside the
// month before.
type comparison struct {
	Month, Last month
	All         moved
	Parts       []comparedPart
}

// A comparedPart is the comparison by one column of spend.
type comparedPart struct {
	ID, Title, Column string
	Rows              []moved
}

// A moved is what spend with one vendor, or of one person, was and is.
type moved struct {
	Dimension, Name, Before, After, Change string
	Records, Unpriced                      int64
	Width                                  int // of 1000
	Negative                               bool
}

// Percent says how much the change is of what was before, if that can be said.
func (m moved) Percent() string {
	before := units(m.Before)
	if before <= 0 {
		return ""
	}
	tenths := pixels(units(m.Change), before)
	sign := "+"
	if tenths < 0 {
		sign, tenths = "-", -tenths
	}
	return fmt.Sprintf("%s%d.%d %%", sign, tenths/10, tenths%10)
}

// readComparison compares the newest whole month, if any has spend.
func (p *page) readComparison(ctx context.Context, db warehouse.Runner) error {
	over := lastOver(p.Months.All, p.Run.Started)
	if over < 0 {
		return nil
	}
	c := &comparison{Month: p.Months.All[over]}
	c.Last = month{Month: c.Month.Month.AddDate(0, -1, 0)}
	var rows []moved
	err := warehouse.Fill(ctx, db, &rows, "report/spend_compared.sql", warehouse.Args{
		"month": c.Month.Month.Format(time.DateOnly), "limit": maxCompared,
	})
	if err != nil {
		return err
	}
	for _, part := range []comparedPart{
		{"vendor", "Vendors that moved most", "Vendor", nil},
		{"category", "By category", "Category", nil},
		{"department", "By department", "Department", nil},
		{"person", "By person", "Person", nil},
	} {
		part.Rows = slices.DeleteFunc(slices.Clone(rows), func(m moved) bool { return m.Dimension != part.ID })
		scaleMoved(part.Rows)
		c.Parts = append(c.Parts, part)
	}
	for _, m := range rows {
		if m.Dimension == "all" {
			c.All = m
		}
	}
	p.Compared = c
	return nil
}

// lastOver is the index of the newest month that was over at a moment, -1 for
// none.
func lastOver(months []month, at time.Time) int {
	for i, m := range slices.Backward(months) {
		if !m.Month.AddDate(0, 1, 0).After(at) {
			return i
		}
	}
	return -1
}

// scaleMoved gives each row a bar: of its change, or of what is spent now.
func scaleMoved(rows []moved) {
	length := func(m moved) int64 {
		if m.Dimension == "vendor" {
			return units(m.Change)
		}
		return units(m.After)
	}
	var longest int64
	for _, m := range rows {
		longest = max(longest, length(m), -length(m))
	}
	for i := range rows {
		n := length(rows[i])
		rows[i].Width, rows[i].Negative = pixels(max(n, -n), longest), n < 0
	}
}

// signed prints a change with its sign.
func (p *page) signed(amount, currency string) string {
	if strings.HasPrefix(amount, "-") || strings.Trim(amount, "0.") == "" {
		return p.money(amount, currency)
	}
	return "+" + p.money(amount, currency)
}

// stateOf says whether a month is final in all sources, "" if that is not known.
func (p *page) stateOf(m month) string {
	state := ""
	for _, s := range p.Final {
		if s.Month == m.Month.Format("2006-01") && state != "still moving" {
			state = s.Status
		}
	}
	return state
}

// moneyList lists money by currency, the largest numbers of records first, as far
// as a figure has room.
type moneyList struct {
	currencies []string
	amounts    map[string]string
}

func (l *moneyList) add(amount, currency string) {
	if amount == "" || currency == "" || currency == "?" {
		return
	}
	if l.amounts == nil {
		l.amounts = map[string]string{}
	}
	if _, ok := l.amounts[currency]; !ok {
		l.currencies, l.amounts[currency] = append(l.currencies, currency), "0"
	}
	l.amounts[currency] = etl.AddMoney(l.amounts[currency], amount)
}

const maxMoney = 3 // currencies in a figure

// print writes the largest amounts, and how many currencies more there are.
func (l *moneyList) print(p *page) string {
	slices.SortStableFunc(l.currencies, func(a, b string) int {
		return cmp.Compare(units(l.amounts[b]), units(l.amounts[a]))
	})
	var parts []string
	for _, currency := range l.currencies[:min(len(l.currencies), maxMoney)] {
		parts = append(parts, p.money(l.amounts[currency], currency)+" "+currency)
	}
	switch more := len(l.currencies) - maxMoney; {
	case more == 1:
		parts = append(parts, "1 currency more")
	case more > 1:
		parts = append(parts, fmt.Sprintf("%d currencies more", more))
	}
	return strings.Join(parts, ", ")
}
