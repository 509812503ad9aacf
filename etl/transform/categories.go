package transform

import (
	"context"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Category is one posted category, or, without a name, the spend that has
// none. The amount is decimal text in the reporting currency.
type Category struct {
	Name      string   `json:"category"`
	Records   int      `json:"records"`
	Amount    string   `json:"amount"`
	Unpriced  int      `json:"records_without_rate"`
	Mapped    bool     `json:"mapped"` // some spelling differs from the name
	LastOn    string   `json:"last_on"`
	Sources   []string `json:"sources"`
	Spellings []string `json:"spellings"` // most frequent first
}

// ListCategories lists the categories of canonical.spend, those with most spend
// first; spend without a category comes last.
func ListCategories(ctx context.Context, r warehouse.Runner) ([]Category, error) {
	var all []Category
	err := warehouse.Fill(ctx, r, &all, "transform/category_list.sql", nil)
	return all, err
}

// A CategorySuggestion is a pair of categories that are probably the same.
// Amounts are decimal text in the reporting currency.
type CategorySuggestion struct {
	Category   string `json:"category"` // the one with less spend
	Spelling   string `json:"spelling"`
	Amount     string `json:"amount"`
	Records    int    `json:"records"`
	Into       string `json:"into_category"`
	IntoSpelt  string `json:"into_spelling"`
	IntoAmount string `json:"into_amount"`
	IntoCount  int    `json:"into_records"`
	Similarity string `json:"similarity"` // 0.000 … 1.000 = the same
}

// SuggestCategories lists the categories that are probably the same, with a
// similarity of at least least, a decimal such as "0.85", and not decided yet.
// Those that would move most spend come first. It changes nothing.
func SuggestCategories(ctx context.Context, db *warehouse.DB, lines []CategoryLine, least string) ([]CategorySuggestion, error) {
	return review[CategorySuggestion](ctx, db, categories, lines, "transform/category_suggest.sql", warehouse.Args{"least": least})
}

// A CategoryRename is the effect of lines on one category in one month. The
// amount is decimal text in the reporting currency.
type CategoryRename struct {
	Month    string `json:"month"` // 2026-01
	Category string `json:"category"`
	Into     string `json:"into_category"`
	Records  int    `json:"records"`
	Amount   string `json:"amount"`
	Posted   int    `json:"posted"` // of the records, in whatever category
}

// CategoryRenames lists what the next transform would rename with these lines.
// It changes nothing.
func CategoryRenames(ctx context.Context, db *warehouse.DB, lines []CategoryLine) ([]CategoryRename, error) {
	return review[CategoryRename](ctx, db, categories, lines, "transform/category.effect", nil)
}

// A CategoryDecision is a person's decision about two categories.
type CategoryDecision struct {
	Source   string // empty = every source
	Category string // a category, a spelling, or a pattern with *
	Into     string // a category, a spelling, or a new name
	Who      string
	When     string // 2026-01-31
}

// A spelling is one spelling of a category that was looked for.
type spelling struct {
	Category, Spelling, CategoryKey string
	Position                        int // of the line that decides it, from 1; 0 = none does
}

func findCategory(ctx context.Context, tx *warehouse.Tx, name, source string) (found []spelling, err error) {
	args := warehouse.Args{"name": name, "source": warehouse.Null(source)}
	err = warehouse.Fill(ctx, tx, &found, "transform/category_find.sql", args)
	return found, err
}

// ApproveCategory returns the lines with a category renamed to another, with
// all its spellings: lines that named the old one name the new one. A name
// refers to the category that has it as a spelling.
func ApproveCategory(ctx context.Context, db *warehouse.DB, lines []CategoryLine, d CategoryDecision) ([]CategoryLine, error) {
	d.Into = strings.TrimSpace(d.Into)
	var decided []CategoryLine
	err := categories.applied(ctx, db, lines, func(tx *warehouse.Tx) error {
		found, err := findCategory(ctx, tx, d.Category, d.Source)
		if err != nil {
			return err
		}
		into, err := findCategory(ctx, tx, d.Into, "")
		if err != nil {
			return err
		}
		// A category's own spelling may become its name.
		if len(into) > 0 && !names(found, into[0].Category) {
			d.Into = into[0].Category
		}
		if err := categories.check(d.line(d.Category)); err != nil {
			return &etl.UsageError{Err: err}
		}
		switch {
		case len(found) == 0 && strings.Contains(d.Category, "*"):
			decided = categories.with(lines, d.line(d.Category))
		case len(found) == 0:
			return unknownCategory(d.Category, d.Source)
		case !slices.ContainsFunc(found, func(s spelling) bool { return s.Category != d.Into }):
			return etl.Usagef("%q is posted as %q already", d.Category, d.Into)
		default:
			decided = d.merge(lines, found)
		}
		return nil
	})
	return decided, err
}

// names reports whether one of the spellings is of a category.
func names(found []spelling, category string) bool {
	return slices.ContainsFunc(found, func(s spelling) bool { return s.Category == category })
}

func (d CategoryDecision) line(match string) CategoryLine {
	return CategoryLine{d.Source, match, d.Into, d.Who, d.When, Same}
}

// merge renames the categories found in the lines that name them, and adds
// lines for spellings without one.
func (d CategoryDecision) merge(lines []CategoryLine, found []spelling) []CategoryLine {
	follows := func(l CategoryLine) bool {
		return l.Decision == Same && names(found, l.Name) && (d.Source == "" || l.Source == d.Source)
	}
	merged := slices.Clone(lines)
	for i, l := range lines {
		if follows(l) {
			merged[i].Name, merged[i].Who, merged[i].When = d.Into, d.Who, d.When
		}
	}
	seen := map[string]bool{}
	for _, s := range found {
		decided := s.Position > 0 && follows(lines[s.Position-1])
		called := s.Position == 0 && s.Spelling == d.Into
		if decided || called || seen[s.CategoryKey] {
			continue
		}
		seen[s.CategoryKey] = true
		merged = categories.with(merged, d.line(literal(s.Spelling)))
	}
	return merged
}

// RejectCategory returns the lines with the decision that two categories
// differ, so that they are not suggested again.
func RejectCategory(ctx context.Context, db *warehouse.DB, lines []CategoryLine, d CategoryDecision) ([]CategoryLine, error) {
	rejected := CategoryLine{"", d.Category, d.Into, d.Who, d.When, Different}
	err := categories.applied(ctx, db, lines, func(tx *warehouse.Tx) error {
		for _, name := range []*string{&rejected.Match, &rejected.Name} {
			found, err := findCategory(ctx, tx, *name, "")
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return unknownCategory(*name, "")
			}
			*name = found[0].Category
		}
		if rejected.Match == rejected.Name {
			return etl.Usagef("%q and %q are one category: %q", d.Category, d.Into, rejected.Match)
		}
		if err := categories.check(rejected); err != nil {
			return &etl.UsageError{Err: err}
		}
		return nil
	})
	return categories.with(lines, rejected), err
}

func unknownCategory(name, source string) error {
	if source != "" {
		return etl.Usagef("no spend of %s has the category %q; see: spendbridge categories list", source, name)
	}
	return etl.Usagef("no spend has the category %q; see: spendbridge categories list", name)
}
