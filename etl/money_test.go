package etl_test

import (
	"testing"

	"spendbridge/etl"
)

func TestMoney(t *testing.T) {
	tests := map[string]struct {
		text     string
		decimals int
		want     string
	}{
		"zeros are cut":              {"80.0000", 0, "80"},
		"down to the decimals":       {"80.0000", 2, "80.00"},
		"but never a digit":          {"80.1234", 2, "80.1234"},
		"thousands":                  {"1234567.5000", 2, "1,234,567.50"},
		"below zero":                 {"-123456.0000", 2, "-123,456.00"},
		"three digits below zero":    {"-123", 2, "-123.00"},
		"more than fits into a word": {"123456789012345678901234.0000", 0, "123,456,789,012,345,678,901,234"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := etl.Money(tt.text, tt.decimals); got != tt.want {
				t.Errorf("Money(%q, %d) = %q, want %q", tt.text, tt.decimals, got, tt.want)
			}
		})
	}
}
