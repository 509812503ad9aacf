package report

import (
	"strings"
	"time"
)

// reasons says in plain words why a record is no spend, or not yet.
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
	"currency_unknown":     "Currency is no ISO 4217 code",
	"currency_missing":     "Currency is missing",
	"amount_missing":       "Amount is missing",
	"amount_unreadable":    "Amount is no number",
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

// states says in plain words where a record stands on its way to Productiv.
var states = map[string]string{
	"planned":        "Planned",
	"sending":        "Being sent",
	"accepted":       "Accepted",
	"delivered":      "Delivered",
	"unknown":        "Answer lost",
	"held":           "Held back",
	"rejected":       "Refused by Productiv",
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
	"sweep":     "Read everything again from the vendor",
	"rates":     "Exchange rates fetched",
	"transform": "Turned into spend records and checked",
	"snapshot":  "Written as a snapshot and read back",
	"post":      "Sent to Productiv",
	"deliver":   "Sent to Productiv",
	"publish":   "Published for analysts",
	"load":      "Snapshot, delivery and publication",
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
