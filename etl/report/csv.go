package report

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What others wrote is escaped, so these are tables of the page only.
var tableOnPage = regexp.MustCompile(`(?s)<table[ >].*?</table>`)

// withCSV puts a link below each table of a page that holds the table as a CSV
// file. It is in the page, so that it is still there when the page is mailed.
// The files are named by the prefix and the id of the caption.
func withCSV(page []byte, prefix string) ([]byte, error) {
	var failed error
	page = tableOnPage.ReplaceAllFunc(page, func(text []byte) []byte {
		doc, err := html.Parse(bytes.NewReader(text))
		if err != nil {
			failed = err
			return text
		}
		caption, records := recordsOf(doc)
		file, err := writeCSV(records)
		if err != nil {
			failed = err
		}
		name := prefix + strings.TrimPrefix(attribute(caption, "id"), "cap") + ".csv"
		title, _ := cellText(caption)
		return fmt.Appendf(slices.Clip(text), "\n"+`<p class="csv"><a download="%s" aria-label="CSV: %s" href="data:text/csv;charset=utf-8;base64,%s">CSV</a></p>`,
			html.EscapeString(name), html.EscapeString(title), base64.StdEncoding.EncodeToString(file))
	})
	return page, failed
}

// recordsOf returns the caption of a table, and its rows with the head first. A
// heading with data-small names a second column, of the small print in its cells.
func recordsOf(doc *html.Node) (caption *html.Node, records [][]string) {
	var heads []*html.Node
	for n := range doc.Descendants() {
		switch n.DataAtom {
		case atom.Caption:
			caption = n
		case atom.Tr:
			var record []string
			isHead := n.Parent.DataAtom == atom.Thead
			for cell := range n.ChildNodes() {
				if cell.Type != html.ElementNode {
					continue
				}
				if isHead {
					heads = append(heads, cell)
				}
				head := heads[cellIndex(cell)]
				value, small := cellText(cell)
				if attribute(head, "class") == "n" {
					value = ungrouped(value)
				}
				record = append(record, guarded(value))
				if name := attribute(head, "data-small"); name != "" && isHead {
					record = append(record, name)
				} else if name != "" {
					record = append(record, guarded(small))
				}
			}
			records = append(records, record)
		}
	}
	return caption, records
}

func cellIndex(cell *html.Node) (i int) {
	for n := cell.PrevSibling; n != nil; n = n.PrevSibling {
		if n.Type == html.ElementNode {
			i++
		}
	}
	return i
}

// cellText returns the value of a cell and its small print.
func cellText(cell *html.Node) (value, small string) {
	var texts, smalls strings.Builder
	collect(cell, &texts, &smalls)
	return oneLine(texts.String()), oneLine(smalls.String())
}

// collect adds what a node says. Its data-value says it exactly.
func collect(n *html.Node, texts, smalls *strings.Builder) {
	if exact := slices.IndexFunc(n.Attr, isValue); exact >= 0 {
		texts.WriteString(n.Attr[exact].Val)
		return
	}
	for child := range n.ChildNodes() {
		switch {
		case child.Type == html.TextNode:
			texts.WriteString(strings.ReplaceAll(child.Data, "\n", " "))
		case child.DataAtom == atom.Br:
			texts.WriteByte('\n')
		case child.DataAtom == atom.Small:
			collect(child, smalls, smalls)
		case attribute(child, "aria-hidden") != "true":
			collect(child, texts, smalls)
		}
	}
}

// oneLine joins the lines that have text.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

func isValue(a html.Attribute) bool { return a.Key == "data-value" }

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var number = regexp.MustCompile(`^[-+]?[0-9][0-9,]*(\.[0-9]+)?( %)?$`)

// ungrouped takes the commas out of a number.
func ungrouped(text string) string {
	if number.MatchString(text) {
		return strings.ReplaceAll(text, ",", "")
	}
	return text
}

// guarded keeps a spreadsheet from reading a text as a formula.
func guarded(text string) string {
	if strings.IndexAny(text, formulaMarks) == 0 && !number.MatchString(text) {
		return "'" + text
	}
	return text
}

// writeCSV writes a file that a spreadsheet opens as UTF-8.
func writeCSV(records [][]string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	err := w.WriteAll(records)
	return out.Bytes(), err
}
