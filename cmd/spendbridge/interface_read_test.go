package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl/etltest"
)

// A shape is which members JSON documents have, and of which types: path to
// types.
type shape map[string]map[string]bool

// foreign are members whose own members are a vendor's or a user's.
var foreign = []string{"payload", "record", "received", "before", "after", "posted", "blank"}

func (s shape) add(path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		if slices.Contains(foreign, path[strings.LastIndex(path, ".")+1:]) {
			s.note(path, "{…}")
			return
		}
		s.note(path, "object")
		for name, member := range value {
			s.add(strings.TrimPrefix(path+"."+name, "."), member)
		}
	case []any:
		s.note(path, "array")
		for _, element := range value {
			s.add(path+"[]", element)
		}
	case nil:
		s.note(path, "null")
	case float64:
		s.note(path, "number")
	case bool:
		s.note(path, "boolean")
	default:
		s.note(path, fmt.Sprintf("%T", value))
	}
}

func (s shape) note(path, kind string) {
	if s[path] == nil {
		s[path] = map[string]bool{}
	}
	s[path][kind] = true
}

// lines says of each member which types it had, such as null|number.
func (s shape) lines() []string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(s)) {
		if path != "" && !(strings.HasSuffix(path, "[]") && s[path]["object"]) {
			lines = append(lines, path+"  "+strings.Join(slices.Sorted(maps.Keys(s[path])), "|"))
		}
	}
	return lines
}

// members describes a file of one JSON document, or of one a line.
func (l *life) members(name string) []string {
	text, err := os.ReadFile(l.path(name))
	l.must(err)
	s := shape{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var document any
		l.must(decoder.Decode(&document))
		s.add("", document)
	}
	return s.lines()
}

// sentFiles describes each line of the sent files: the batch, the body as it
// was posted, then what became of it.
func (l *life) sentFiles() []string {
	files, err := fs.Glob(os.DirFS(l.folder), "data/sent/*.zst")
	l.must(err)
	var shapes []shape
	for _, name := range files {
		for i, line := range bytes.Split(bytes.TrimSpace(l.unpack(name)), []byte("\n")) {
			var document any
			l.must(json.Unmarshal(line, &document))
			if i == len(shapes) {
				shapes = append(shapes, shape{})
			}
			shapes[i].add(fmt.Sprint("line ", i+1), document)
		}
	}
	var lines []string
	for _, s := range shapes {
		lines = append(lines, s.lines()...)
	}
	return lines
}

// varying are the parts of paths that differ from folder to folder.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`/[0-9a-f]{2}/[0-9a-f]{64}\b`), "/<2 of sha256>/<sha256>"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl`), "<read>.jsonl"},
	{regexp.MustCompile(`\d{8}T\d{6}Z-[0-9a-f]{6}`), "<run>"},
	{regexp.MustCompile(`-\d{5}[ab]*\b`), "-<batch>"},
	{regexp.MustCompile(`year=\d{4}/month=[1-9]\d?\b`), "year=<yyyy>/month=<m>"},
}

// files lists what is in the data folder, and makes sure that a page file is
// named after the verbatim body it holds.
func (l *life) files() []string {
	var lines []string
	l.must(fs.WalkDir(os.DirFS(l.folder), "data", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(name, "data/raw/") && path.Ext(name) != ".jsonl" {
			body := l.unpack(name)
			sum := sha256.Sum256(body)
			if !json.Valid(body) || path.Base(name) != hex.EncodeToString(sum[:])+".json.zst" {
				l.Errorf("%s does not hold the JSON it is named after", name)
			}
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(l.path(name))
			l.must(err)
			name += " -> " + to
		}
		for _, v := range varying {
			name = v.pattern.ReplaceAllString(name, v.name)
		}
		lines = append(lines, name)
		return nil
	}))
	slices.Sort(lines)
	return slices.Compact(lines)
}

func (l *life) unpack(name string) []byte {
	packed, err := os.ReadFile(l.path(name))
	l.must(err)
	decoder, err := zstd.NewReader(nil)
	l.must(err)
	defer decoder.Close()
	text, err := decoder.DecodeAll(packed, nil)
	l.must(err)
	return text
}

// parquet describes files that are all alike.
func (l *life) parquet(patterns ...string) []string {
	var all []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(l.path(pattern))
		l.must(err)
		if len(files) == 0 {
			l.Errorf("no file matches %s", pattern)
		}
		for _, file := range files {
			lines := l.names("", "parquet_columns.sql", sql.Named("file", file))
			lines = append(lines, l.names("", "parquet_keys.sql", sql.Named("file", file))...)
			if all != nil && !slices.Equal(all, lines) {
				l.Errorf("%s differs from the files before it: %s", file, lines)
			}
			all = lines
		}
	}
	return all
}

// names runs a query for names and their types, on a database or on none.
func (l *life) names(database, query string, args ...any) []string {
	db, err := sql.Open("duckdb", database)
	l.must(err)
	defer db.Close()
	rows, err := db.Query(string(etltest.Read(l.T, "interface", query)), args...)
	l.must(err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var name, kind string
		l.must(rows.Scan(&name, &kind))
		lines = append(lines, name+"  "+kind)
	}
	l.must(rows.Err())
	return lines
}

var (
	metricType  = regexp.MustCompile(`(?m)^# TYPE (spendbridge_\w+) (\w+)\n(.*)`) // and the first sample
	metricLabel = regexp.MustCompile(`(\w+)="`)
)

// metricNames lists the metrics of a page with their labels and types.
func metricNames(page string) []string {
	var lines []string
	for _, m := range metricType.FindAllStringSubmatch(page, -1) {
		var labels []string
		for _, label := range metricLabel.FindAllStringSubmatch(m[3], -1) {
			labels = append(labels, label[1])
		}
		lines = append(lines, fmt.Sprintf("%s{%s}  %s", m[1], strings.Join(labels, ","), m[2]))
	}
	return lines
}
