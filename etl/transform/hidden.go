package transform

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"spendbridge/etl"
)

// hiddenLinks counts the expenses that link an object which the token may not
// see. If that is most of those a source has, the run needs attention.
func (t *transformer) hiddenLinks(ctx context.Context, r *Result) error {
	configured := sourceNames(t.opts.Sources)
	return t.tx.Each(ctx, "queries/transform_hidden.sql", nil, func(rows *sql.Rows) error {
		var source, link, setting string
		var records, hidden int
		if err := rows.Scan(&source, &link, &setting, &records, &hidden); err != nil {
			return err
		}
		accepted := link == "vendor" && setting == "title" // the setting is for such a token
		counted := fmt.Sprintf("%d of %d expenses %s", hidden, records, hiddenWords(link, setting))
		if 2*hidden <= records || accepted || !slices.Contains(configured, source) {
			r.Warnings = append(r.Warnings, Warning{source, counted})
			return nil
		}
		r.Attention = append(r.Attention, &etl.NeedsPersonError{What: source + ": " + counted, Mend: hiddenMend(link)})
		return nil
	})
}

// hiddenWords says what becomes of expenses with a link to what is hidden.
func hiddenWords(link, setting string) string {
	switch {
	case link == "vendor" && setting == "title":
		return "link a vendor that is not visible and go by their title"
	case link == "vendor":
		return "link a vendor that is not visible and cannot become spend"
	case link == "person":
		return "link a person who is not visible and go by that person's id"
	default:
		return "link a service type that is not visible and have no category"
	}
}

// hiddenMend says what lets the source show more.
func hiddenMend(link string) string {
	switch link {
	case "vendor":
		return `the token may not see companies; give its user "View companies", or set hidden_vendor: title`
	case "person":
		return "the token may not see people; give its user access to them"
	default:
		return "the token may not see service types; give its user access to them"
	}
}
