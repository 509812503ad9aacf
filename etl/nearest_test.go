package etl_test

import (
	"testing"

	"spendbridge/etl"
)

func TestNearest(t *testing.T) {
	words := []string{"batch_size", "base_url", "token", "token_url"}
	tests := map[string]struct{ word, want string }{
		"a letter missing":  {"batch_sze", "batch_size"},
		"letters swapped":   {"toekn", "token"},
		"the word itself":   {"base_url", "base_url"},
		"nothing like it":   {"colour", ""},
		"nothing":           {"", ""},
		"more than one fit": {"token_ur", "token_url"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := etl.Nearest(tt.word, words); got != tt.want {
				t.Errorf("nearest(%q) = %q, want %q", tt.word, got, tt.want)
			}
		})
	}
}
