package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"spendbridge/etl"
)

// visible makes foreign text safe to read. Invisible characters that may mislead
// (direction marks, control characters, zero-width ones) are written as their
// code, and a text that begins like a formula gets an apostrophe, so that it stays
// text when it is pasted into a spreadsheet.
func visible(s string) string {
	var out strings.Builder
	for i, r := range s {
		switch {
		case i == 0 && strings.ContainsRune("=+-@\t\r", r):
			out.WriteByte('\'')
		case r == '\n':
			out.WriteByte(' ')
			continue
		}
		if hidden(r) {
			fmt.Fprintf(&out, "[U+%04X]", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func hidden(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		r == unicode.ReplacementChar || r == '\u115f' || r == '\u3164'
}

// short cuts a name that would crowd out its neighbours.
func short(s string) string {
	const most = 72
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// shellWord quotes a word for a shell, unless it is plain: ids hold what a
// vendor wrote.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// reasons says in plain words why a record is not spend, or not yet.
var reasons = map[string]string{
	"draft":                "Still a draft at the vendor",
	"rejected":             "Rejected by an approver",
	"deleted":              "Deleted at the vendor",
	"gone":                 "No longer at the vendor",
	"not_approved":         "Not approved yet",
	"zero_amount":          "Amount is zero",
	"hold":                 "Card hold, not yet a purchase",
	"precapture":           "Card hold, not yet a purchase",
	"credit":               "Transfer into a card fund, not a purchase",
	"currency_unknown":     "Currency is not an ISO 4217 code",
	"currency_missing":     "Currency is missing",
	"amount_missing":       "Amount is missing",
	"amount_unreadable":    "Amount is not a number",
	"amount_unit_unknown":  "Amount has no decimal point, and amount_unit is not set",
	"amount_too_precise":   "Amount has more decimals than fit",
	"status_unknown":       "Status is not a known one",
	"type_unknown":         "Type is not a known one",
	"status_contradiction": "Captured, yet its authorisation is open or reversed",
	"refund_reversal?":     "Refund with the unusual sign, perhaps a reversed refund",
	"vendor_missing":       "Vendor has no name",
	"vendor_not_visible":   "Vendor is linked, but the token may not see it",
	"date_missing":         "Date is missing",
}

func reasonWords(reason string) string {
	if rule, ok := strings.CutPrefix(reason, "rule:"); ok {
		return "Your rule: " + rule
	}
	if words, ok := reasons[reason]; ok {
		return words
	}
	return sentence(reason)
}

// states are the states of a delivery in plain words.
var states = map[string]string{
	"planned":        "Planned",
	"sending":        "Being sent",
	"accepted":       "Accepted",
	"delivered":      "Delivered",
	"unknown":        "Answer lost",
	"held":           "Held back",
	"rejected":       "Rejected by Productiv",
	"pending":        "Waiting to be sent",
	"not_due":        "Not due",
	"unsent_changes": "Changed, not re-sent",
	"split":          "Split in halves",
}

func stateWords(state string) string {
	if words, ok := states[state]; ok {
		return words
	}
	return sentence(state)
}

// stages says what a stage does, by the first word of its name.
var stages = map[string]string{
	"extract":   "Read from the vendor",
	"backfill":  "Read a past period from the vendor",
	"rates":     "Exchange rates fetched",
	"transform": "Turned into spend records and checked",
	"snapshot":  "Written as a snapshot and read back",
	"deliver":   "Sent to Productiv",
	"approve":   "Sent to Productiv",
	"publish":   "Published for analysts",
}

func stageWords(name string) string {
	first, rest, _ := strings.Cut(name, "/")
	first, more, _ := strings.Cut(first, " ")
	words, ok := stages[first]
	if !ok {
		return sentence(name)
	}
	if rest += more; rest != "" {
		words += ": " + rest
	}
	return words
}

// sentence makes words of an identifier.
func sentence(identifier string) string {
	words := strings.ReplaceAll(identifier, "_", " ")
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// fxSources says in plain words where a rate comes from.
var fxSources = map[string]string{
	"same":   "Already in this currency",
	"ecb":    "European Central Bank",
	"vendor": "The vendor's own rate",
	"":       "No rate: not in the totals",
}

func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// rate prints a rate without the zeros that its type adds, and no rate as a
// dash.
func rate(text string) string {
	if text == "" {
		return "–"
	}
	return etl.Money(text, 4)
}
