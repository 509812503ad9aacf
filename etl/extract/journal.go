package extract

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// A journal holds what a job learned, one JSON object per line, in the order in
// which it became durable. raw.pages and raw.records are derived from it: lines
// that have not landed when a job starts are landed first.
type journal struct {
	folder string // of the source's journals
	name   string // sorts after those of earlier jobs

	mu     sync.Mutex
	size   int64
	landed int64 // bytes in the warehouse when it was listed
	broken error // a partial line remains at its end
}

// A line is one line of a journal. Exactly one of its members is set.
type line struct {
	Page       *pageLine       `json:"page,omitempty"`
	Superseded *supersededLine `json:"superseded,omitempty"`
	Damaged    *damagedLine    `json:"damaged,omitempty"`
	Gone       *goneLine       `json:"gone,omitempty"`
	Accepted   *acceptedLine   `json:"accepted,omitempty"`
}

// A pageLine is one response, as in raw.pages, and the objects in it.
type pageLine struct {
	ID        string    `json:"page_id"`
	Run       etl.RunID `json:"run_id"`
	Stream    string    `json:"stream"`
	ReadID    string    `json:"read_id"`
	Purpose   string    `json:"purpose"`
	RecordID  string    `json:"record_id,omitempty"`
	From      string    `json:"window_from,omitempty"`
	To        string    `json:"window_to,omitempty"`
	URL       string    `json:"url"`
	SHA256    string    `json:"sha256"`
	File      string    `json:"file,omitempty"` // empty: no news
	Next      string    `json:"next_cursor,omitempty"`
	Paging    string    `json:"paging"`
	Outcome   string    `json:"outcome"`
	Message   string    `json:"message,omitempty"`
	Faults    []fault   `json:"faults,omitempty"`
	Pass      int       `json:"pass"`
	Number    int       `json:"page_number"`
	Status    int       `json:"status"`
	Bytes     int64     `json:"bytes"`
	Records   int       `json:"records"`
	Expected  *int      `json:"expected,omitempty"`
	FetchedAt time.Time `json:"fetched_at"`

	Blank    map[string]int `json:"blank,omitempty"` // link → records without it
	Data     sightings      `json:"data,omitempty"`  // the records
	Included sightings      `json:"included,omitempty"`
}

// A sighting is an object on a page and its look. Records are of the page's
// stream.
type sighting struct {
	Stream, ID string
	Look       look
}

// sightings are encoded as lists of two or three strings: id and look, preceded
// by the stream for an included object.
type sightings []sighting

// MarshalJSON implements [json.Marshaler]. Ids need no escaping, see [usableID]
// and [noID]; there are hundreds of them on a page.
func (all sightings) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for i, one := range all {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, '[')
		if one.Stream != "" {
			stream, err := json.Marshal(one.Stream)
			if err != nil {
				return nil, err
			}
			text = append(append(text, stream...), ',')
		}
		text = append(append(append(text, '"'), one.ID...), `","`...)
		text = append(one.Look.append(text), `"]`...)
	}
	return append(text, ']'), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *sighting) UnmarshalJSON(text []byte) error {
	var parts []string
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if len(parts) == 3 {
		s.Stream, parts = parts[0], parts[1:]
	}
	if len(parts) != 2 {
		return fmt.Errorf("not the id of an object and its look: %s", text)
	}
	n, err := strconv.ParseUint(parts[1], 16, 64)
	s.ID, s.Look = parts[0], look(n)
	return err
}

// A supersededLine discards a read's passes before Pass.
type supersededLine struct {
	ReadID string `json:"read_id"`
	Pass   int    `json:"pass"`
}

// A damagedLine discards a page whose file was damaged before it landed.
type damagedLine struct {
	PageID  string `json:"page_id"`
	Message string `json:"message"`
}

// takesBack reports whether the line discards a page, and sets the outcome of the
// page if so.
func (l line) takesBack(p *pageLine) bool {
	s, d := l.Superseded, l.Damaged
	switch {
	case p.Outcome != outcomePage:
		return false
	case s != nil && p.ReadID == s.ReadID && p.Pass < s.Pass:
		p.Outcome = outcomeSuperseded
		return true
	case d != nil && p.ID == d.PageID:
		p.Outcome, p.Message = outcomeDamaged, d.Message
		return true
	}
	return false
}

// A goneLine is tombstones. The pages of all lines before had landed.
type goneLine struct {
	Stream  string    `json:"stream"`
	Records []string  `json:"record_ids"`
	At      time.Time `json:"at"`
}

// An acceptedLine confirms that records really were deleted.
type acceptedLine struct {
	Stream  string    `json:"stream"`
	Records []string  `json:"record_ids"`
	Who     string    `json:"who"`
	Note    string    `json:"note,omitempty"`
	At      time.Time `json:"at"`
}

// journalFolder is where a source's journals are in the data folder.
func journalFolder(folder, source string) string {
	return filepath.Join(folder, "raw", source, "journal")
}

const journalSuffix = ".jsonl"

// journals lists a source's journals in a data folder, oldest first, and names the
// newest one here or, of a lake, on any machine.
func journals(ctx context.Context, db *warehouse.DB, folder, source string) (all []*journal, newest string, err error) {
	landed := map[string]int64{}
	if err := db.Each(ctx, "extract/journal.list", warehouse.Args{"source": source}, func(rows *sql.Rows) error {
		var name string
		var bytes int64
		err := rows.Scan(&name, &bytes)
		landed[name], newest = bytes, max(newest, name)
		return err
	}); err != nil {
		return nil, "", err
	}
	folder = journalFolder(folder, source)
	entries, err := os.ReadDir(folder) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), journalSuffix)
		if !ok || uuid.Validate(name) != nil {
			continue // such as the temporary file of a killed program
		}
		info, err := entry.Info()
		if err != nil {
			return nil, "", err
		}
		all, newest = append(all, &journal{folder: folder, name: name, size: info.Size(), landed: landed[name]}), max(newest, name)
	}
	return all, newest, nil
}

func (j *journal) path() string { return filepath.Join(j.folder, j.name+journalSuffix) }

// key is where the store has the journal.
func (j *journal) key(source string) string {
	return path.Join("raw", source, "journal", j.name+journalSuffix)
}

// append makes lines durable and returns where they end. When it returns, they
// survive a power failure.
func (j *journal) append(lines ...line) (end int64, err error) {
	text, err := encode(lines)
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return 0, j.broken
	}
	if j.size == 0 {
		if err := durable.MkdirAll(j.folder, 0o700); err != nil {
			return 0, err
		}
	}
	if err := durable.Append(j.path(), text, 0o600); err != nil {
		j.broken = j.cut() // a partial line does not count
		return 0, errors.Join(err, j.broken)
	}
	j.size += int64(len(text))
	return j.size, nil
}

func encode(lines []line) ([]byte, error) {
	var text bytes.Buffer
	write := json.NewEncoder(&text)
	write.SetEscapeHTML(false)
	for _, one := range lines {
		if err := write.Encode(one); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// cut removes what follows the last complete line.
func (j *journal) cut() error {
	if err := os.Truncate(j.path(), j.size); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// read calls each for every line after the first bytes, with where the line ends,
// and returns where the last complete line ends. A line torn by a crash is at the
// end and is ignored. Lines that start with skip are skipped unless it is empty.
func (j *journal) read(from int64, skip string, each func(one line, end int64) error) (end int64, err error) {
	text, err := os.ReadFile(j.path())
	if err != nil {
		return 0, err
	}
	end = min(from, int64(len(text)))
	var torn error
	for at := end; at < int64(len(text)); {
		n := int64(bytes.IndexByte(text[at:], '\n'))
		if n < 0 {
			break
		}
		if skip != "" && bytes.HasPrefix(text[at:], []byte(skip)) {
			at += n + 1
			continue
		}
		var one line
		switch failed := json.Unmarshal(text[at:at+n], &one); {
		case failed != nil:
			torn = cmp.Or(torn, failed)
		case torn != nil:
			return end, fmt.Errorf("journal %s, byte %d: %w; restore it from a backup", j.path(), end, torn)
		default:
			if err := each(one, at+n+1); err != nil {
				return end, err
			}
			end = at + n + 1
		}
		at += n + 1
	}
	return end, nil
}

// setLanded records that the first bytes of a journal are in the warehouse.
func (j *journal) setLanded(ctx context.Context, r warehouse.Runner, source string, bytes int64) error {
	_, err := r.Exec(ctx, "extract/journal.add", warehouse.Args{"source": source, "journal": j.name, "bytes": bytes})
	return err
}

// page restores a page as far as its line describes it.
func (l *pageLine) page() Page {
	p := Page{
		Next: etl.Cursor(l.Next), Numbered: l.Paging == pagingNumber, Unsteady: l.Paging != pagingCursor,
		Expected: unknown, blank: l.Blank,
	}
	if l.Expected != nil {
		p.Expected = *l.Expected
	}
	for _, o := range l.Data {
		p.objects = append(p.objects, object{stream: l.Stream, id: plainName(o.ID), look: o.Look})
	}
	for i, o := range l.Included {
		one := object{stream: o.Stream, id: o.ID, look: o.Look}
		at := slices.IndexFunc(l.Faults, func(f fault) bool { return f.Ordinal == len(l.Data)+i+1 })
		if at >= 0 {
			one.fault = &l.Faults[at]
		}
		p.included = append(p.included, one)
	}
	return p
}

// keptLines finds the lines of pages in the journals of earlier jobs.
type keptLines struct {
	mu    sync.Mutex
	lines map[string]map[string]*pageLine // by journal and page
}

// find returns a page's line.
func (k *keptLines) find(folder, name, pageID string) (*pageLine, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	lines, ok := k.lines[name]
	if !ok {
		lines = map[string]*pageLine{}
		j := &journal{folder: folder, name: name}
		if _, err := j.read(0, "", func(one line, _ int64) error {
			if one.Page != nil {
				lines[one.Page.ID] = one.Page
			}
			return nil
		}); err != nil {
			return nil, err
		}
		k.lines[name] = lines
	}
	if lines[pageID] == nil {
		return nil, fmt.Errorf("journal %s has no line of page %s", name, pageID)
	}
	return lines[pageID], nil
}
