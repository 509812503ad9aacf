package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"spendbridge/etl"
)

// A table is printed in columns that are as wide as what they hold. Columns
// of numbers are aligned to the right.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = strings.NewReplacer("\n", " ", "\t", " ").Replace(etl.Printable(cells[i]))
	}
	t.rows = append(t.rows, cells)
}

// printRows prints a heading and a table with a line for each row; nothing if
// there are no rows.
func printRows[T any](w io.Writer, heading string, head []string, rows []T, cells func(T) []string) {
	if len(rows) == 0 {
		return
	}
	if heading != "" {
		fmt.Fprintln(w, "\n"+heading)
	}
	t := table{head: head}
	for _, row := range rows {
		t.add(cells(row)...)
	}
	t.print(w)
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

// printFirst prints the first rows of a list, and how many there are more.
func (t *table) printFirst(w io.Writer, more int) {
	t.print(w)
	if more > 0 {
		fmt.Fprintf(w, "  … and %s more; --limit 0 shows all\n", etl.Number(more))
	}
}

func isNumber(cell string) bool {
	return cell == "" || strings.Trim(cell, "0123456789,.-+?sµmh%") == ""
}

// A screen prints with color on a terminal and without elsewhere.
type screen struct {
	io.Writer
	paint bool
	zone  *time.Location
}

const (
	green  = "32"
	yellow = "33"
	red    = "31"
	faint  = "2"
)

func (s *screen) color(code, text string) string {
	if !s.paint {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// paints reports whether w shows colors.
func paints(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

func (s *screen) heading(text string) { fmt.Fprintln(s, "\n"+s.color(faint, text)) }

func (s *screen) time(t time.Time) string { return t.In(s.zone).Format("2006-01-02 15:04 MST") }
