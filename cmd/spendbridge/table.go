package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A table is printed in columns that are as wide as what they hold. Columns
// of numbers are aligned to the right.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = strings.Map(harmless, cells[i])
	}
	t.rows = append(t.rows, cells)
}

// harmless leaves out of vendors' texts what would command a terminal: control
// characters, and marks that change the direction of writing.
func harmless(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}

// print writes the table, indented by two spaces.
func (t *table) print(w io.Writer) {
	widths := make([]int, len(t.head))
	numbers := make([]bool, len(t.head))
	for i, name := range t.head {
		widths[i], numbers[i] = utf8.RuneCountInString(name), len(t.rows) > 0
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			numbers[i] = numbers[i] && isNumber(row[i])
		}
	}
	for _, row := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if numbers[i] {
				cell = gap + cell
			} else {
				cell += gap
			}
			line.WriteString("  " + cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func isNumber(cell string) bool {
	return cell == "" || strings.Trim(cell, "0123456789,.-+?sµmh%") == ""
}

// number writes n with a comma between thousands.
func number(n int) string { return thousands(fmt.Sprint(n)) }

// money writes an exact decimal with a comma between thousands and at least
// the given number of decimals, but no further zeros. No text is an amount
// that could not be read.
func money(text string, decimals int) string {
	if text == "" {
		return "?"
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	for len(fraction) < decimals {
		fraction += "0"
	}
	if fraction == "" {
		return thousands(whole)
	}
	return thousands(whole) + "." + fraction
}

func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
