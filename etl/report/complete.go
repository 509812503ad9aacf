package report

import (
	"context"

	"spendbridge/etl/warehouse"
)

// What a word at the command line may name.
const (
	WordRecord      = "record"      // any spend id
	WordQuarantined = "quarantined" // a spend id in quarantine
	WordUndelivered = "undelivered" // a spend id that is not delivered and needs attention
	WordInDoubt     = "in_doubt"    // a batch whose answer was lost
	WordRun         = "run"
)

// mostWords is how many words are listed; of more, only how they begin.
const mostWords = 50

// A Word is what a text may go on as.
type Word struct {
	Word   string
	IsPart bool // it goes on
}

// Complete lists the words that begin with a text, in the analysts' copy. The kinds
// are separated by commas.
func Complete(ctx context.Context, copy warehouse.Runner, kinds, text string) ([]Word, error) {
	var words []Word
	err := warehouse.Fill(ctx, copy, &words, "report/complete_words.sql", warehouse.Args{"kinds": kinds, "text": text, "most": mostWords})
	return words, err
}
