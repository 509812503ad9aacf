package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"spendbridge/etl"
)

// A table is printed in columns that are as wide as what they hold, if they fit
// the screen. Columns of numbers are aligned to the right.
type table struct {
	head []string
	rows [][]string
}

// least is how narrow a column of texts may become.
const least = 8

// copied are the columns that people copy into commands, so they stay whole.
var copied = []string{"ID", "POSTED AS", "BETTER", "BECOMES"}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = strings.NewReplacer("\n", " ", "\t", " ").Replace(etl.Printable(cells[i]))
	}
	t.rows = append(t.rows, cells)
}

// printRows prints a heading and a table with a line for each row; nothing if
// there are no rows.
func printRows[T any](w *screen, heading string, head []string, rows []T, cells func(T) []string) {
	if len(rows) == 0 {
		return
	}
	if heading != "" {
		fmt.Fprintln(w)
		w.wrap("", heading)
	}
	t := table{head: head}
	for _, row := range rows {
		t.add(cells(row)...)
	}
	t.print(w)
}

// print writes the table, indented by two spaces. What is too wide for the
// screen has its longest texts cut; a table that is too wide even so is written
// with a line for each cell.
func (t *table) print(w *screen) {
	widths, numbers := t.measure()
	whole := slices.Clone(numbers)
	for i, name := range t.head {
		whole[i] = whole[i] || slices.Contains(copied, name)
	}
	if !shrink(widths, whole, w.width) {
		t.printUpright(w)
		return
	}
	for _, row := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			cell = runewidth.Truncate(cell, widths[i], "…")
			gap := strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell))
			cell = w.mark(cell)
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

// measure returns how wide each column is, and whether it holds numbers.
func (t *table) measure() (widths []int, numbers []bool) {
	widths, numbers = make([]int, len(t.head)), make([]bool, len(t.head))
	for i, name := range t.head {
		widths[i], numbers[i] = runewidth.StringWidth(name), len(t.rows) > 0
		for _, row := range t.rows {
			widths[i] = max(widths[i], runewidth.StringWidth(row[i]))
			numbers[i] = numbers[i] && isNumber(row[i])
		}
	}
	return widths, numbers
}

// shrink narrows the widest columns until all fit, except those that stay whole,
// and reports whether they do.
func shrink(widths []int, whole []bool, most int) bool {
	all := 0
	for _, width := range widths {
		all += 2 + width
	}
	for ; all > most; all-- {
		widest := -1
		for i, width := range widths {
			if !whole[i] && width > least && (widest < 0 || width > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		widths[widest]--
	}
	return true
}

// printUpright writes a line for each cell, and an empty one between rows.
func (t *table) printUpright(w *screen) {
	label := 0
	for _, name := range t.head {
		label = max(label, runewidth.StringWidth(name))
	}
	for i, row := range t.rows {
		if i > 0 {
			fmt.Fprintln(w)
		}
		for j, cell := range row {
			cell = runewidth.Truncate(cell, max(least, w.width-label-4), "…")
			fmt.Fprintln(w, strings.TrimRight("  "+runewidth.FillRight(t.head[j], label)+"  "+w.mark(cell), " "))
		}
	}
}

// printMore says how many rows a list has beyond those that are printed.
func printMore(w *screen, more int) {
	if more > 0 {
		fmt.Fprintf(w, "  … and %s more; --limit 0 shows all\n", etl.Number(more))
	}
}

func isNumber(cell string) bool {
	return cell == "" || strings.Trim(cell, "0123456789,.-+?sµmh%") == ""
}
