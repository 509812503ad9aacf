package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"spendbridge/etl"
)

// formulaMarks begin a formula in a spreadsheet, the wide ones in an East Asian
// one.
const formulaMarks = "=+-@\t\r＝＋－＠"

// visible makes foreign text safe to read. Invisible characters that may mislead
// (direction marks, control characters, zero-width ones) are written as their
// code, and a text that begins like a formula gets an apostrophe, so that it stays
// text when it is pasted into a spreadsheet.
func visible(s string) string {
	var out strings.Builder
	if strings.IndexAny(s, formulaMarks) == 0 {
		out.WriteByte('\'')
	}
	for _, r := range strings.ReplaceAll(s, "\n", " ") {
		if hidden(r) {
			fmt.Fprintf(&out, "[U+%04X]", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) ||
		r == unicode.ReplacementChar || r == '\u115f' || r == '\u3164'
}

// short cuts a name that would crowd out its neighbours.
func short(s string) string { return etl.Cut(s, 72) }

// shellWord quotes a word for a shell, unless it is plain: ids hold what a
// vendor wrote.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var plainWord = regexp.MustCompile(`^[-_.0-9A-Za-z]+$`)

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
	return wordsOf(reasons, reason)
}

// wordsOf returns the words for an identifier, or makes some of it.
func wordsOf(words map[string]string, identifier string) string {
	if text, ok := words[identifier]; ok {
		return text
	}
	return sentence(identifier)
}

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

func stateWords(state string) string { return wordsOf(states, state) }

// decisions says in plain words what a person decided.
var decisions = map[string]string{
	"accepted":               "Productiv has the batch",
	"resend":                 "Productiv does not have the batch: send it again",
	"retry":                  "Try the rejected records again",
	"dismiss":                "Leave the difference as it is",
	"corrected_at_productiv": "Corrected by hand at Productiv",
	"approve":                "Post what the gates hold",
	"target_moved":           "The two targets are one application",
	"target_kept":            "The records stay at the target that has them",
	"delivered_keys":         "The file lists what Productiv has",
}

func decisionWords(decision string) string { return wordsOf(decisions, decision) }

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

// openWords says what keeps a month from being final.
func openWords(m etl.MonthStatus) string {
	var open []string
	for _, what := range []struct {
		records   int64
		one, more string
	}{
		{m.Drafts, "draft or unapproved expense", "drafts and unapproved expenses"},
		{m.Holds, "card hold", "card holds"},
		{m.Quarantined, "record in quarantine", "records in quarantine"},
		{m.Vanished, "vanished record to accept", "vanished records to accept"},
	} {
		if what.records == 1 {
			open = append(open, "1 "+what.one)
		} else if what.records > 1 {
			open = append(open, etl.Number(what.records)+" "+what.more)
		}
	}
	if len(open) == 0 && m.Status != etl.MonthFinal {
		return "not read since it was over"
	}
	return strings.Join(open, ", ")
}

// Words says in plain words what a column of canonical holds, if it is one of the
// program's own terms.
func Words(column, value string) string {
	switch column {
	case "reason":
		return reasonWords(value)
	case "fx_source":
		return wordsOf(fxSources, value)
	case "rule", "vendor_rule", "type":
		return strings.ReplaceAll(value, "_", " ")
	}
	return value
}

// sentence makes words of an identifier.
func sentence(identifier string) string {
	words := strings.ReplaceAll(identifier, "_", " ")
	first := min(1, len(words))
	return strings.ToUpper(words[:first]) + words[first:]
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

// stamp is a time as a machine sorts and reads it, none as "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// rate prints a rate without the zeros that its type adds, and no rate as a
// dash.
func rate(text string) string {
	if text == "" {
		return "–"
	}
	return etl.Money(text, 4)
}
