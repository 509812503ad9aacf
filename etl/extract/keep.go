package extract

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"spendbridge/etl"
	"spendbridge/etl/durable"
)

// What became of a response: the values of raw.pages.outcome.
const (
	outcomePage    = "page"
	outcomeAbsent  = "absent"  // fetched by id, and deleted
	outcomeDrift   = "drift"   // not in the agreed format
	outcomeRefused = "refused" // fetched by id, and another answer

	outcomeSuperseded = "superseded" // set later: replaced by another pass
	outcomeDamaged    = "damaged"    // set later: its file broke before its records landed
)

// How a page was requested: the values of raw.pages.paging.
const (
	pagingCursor   = "cursor"
	pagingUnsorted = "unsorted cursor"
	pagingNumber   = "number"
)

// A pageRow is a page to keep, and its line in the journal.
type pageRow struct {
	Page
	line     pageLine
	expected int
	lastSeen lastSeen // of the pass
	news     []int    // positions of the objects to land
	done     chan error
}

func (p Page) paging() string {
	switch {
	case p.Numbered:
		return pagingNumber
	case p.Unsteady:
		return pagingUnsorted
	}
	return pagingCursor
}

// A keeper makes pages durable: first the file, then the line. Pages that arrive
// together share one write. A page without news gets no file.
type keeper struct {
	about About
	run   etl.RunID
	now   func() time.Time
	land  *lander

	mu     sync.Mutex
	last   string // the newest page id of the source
	queue  []*pageRow
	active bool // a goroutine is writing the queue

	// badIncluded lists the included objects with a fault, and where they are.
	badIncluded map[string]string
}

// keep stores a page and completes its line. When it returns, the page survives
// a power failure.
func (k *keeper) keep(row *pageRow) error {
	row.line = k.line(row)
	k.mu.Lock() // the order of the pages decides what is news
	k.last = pageIDAfter(k.last)
	row.line.ID = k.last
	if row.line.Outcome == outcomePage {
		row.news = k.land.known.news(&row.Page, row.lastSeen)
	}
	k.mu.Unlock()
	sum := sha256.Sum256(row.Body)
	row.line.SHA256 = hex.EncodeToString(sum[:])
	bad := slices.ContainsFunc(row.line.Faults, row.line.isIncluded) // kept for inspection
	if row.line.Outcome != outcomePage || len(row.news) > 0 || bad {
		file, err := k.land.files.write(k.about.Name, row.line.SHA256, row.Body)
		if err != nil {
			return fmt.Errorf("keep page: %w", err)
		}
		row.line.File = file
	}
	row.done = make(chan error, 1)
	k.mu.Lock()
	for _, f := range row.line.Faults {
		if row.line.isIncluded(f) {
			what := fmt.Sprintf("%s: %s: %s", f.RecordID, f.Reason, f.Detail)
			k.badIncluded[what] = fmt.Sprintf("object %d of page %s", f.Ordinal, row.line.File)
		}
	}
	k.queue = append(k.queue, row)
	lead := !k.active
	k.active = true
	k.mu.Unlock()
	if lead {
		k.writeQueue()
	}
	return <-row.done
}

// isIncluded reports whether the fault is in an included object.
func (l *pageLine) isIncluded(f fault) bool { return f.Ordinal > l.Records }

// line completes a page's line except for id and file.
func (k *keeper) line(row *pageRow) pageLine {
	l := row.line
	l.Run, l.Stream, l.FetchedAt = k.run, k.about.Stream, k.now().UTC().Truncate(time.Microsecond)
	l.URL, l.Next, l.Paging, l.Status = row.URL, string(row.Next), row.paging(), row.Status
	l.Bytes, l.Records, l.Faults = int64(len(row.Body)), len(row.objects), row.faults()
	if expected := row.expected; expected != unknown {
		l.Expected = &expected // a pointer into row would keep its body in memory
	}
	for _, o := range row.objects {
		l.Data = append(l.Data, sighting{ID: o.id, Look: o.look})
		for _, link := range o.blank {
			if l.Blank == nil {
				l.Blank = map[string]int{}
			}
			l.Blank[link]++
		}
	}
	for _, o := range row.included {
		l.Included = append(l.Included, sighting{Stream: o.stream, ID: o.id, Look: o.look})
	}
	return l
}

// writeQueue writes the queue until it is empty.
func (k *keeper) writeQueue() {
	for {
		k.mu.Lock()
		batch := k.queue
		k.queue = nil
		k.active = len(batch) > 0
		k.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		lines := make([]line, len(batch))
		for i, row := range batch {
			lines[i] = line{Page: &row.line}
		}
		end, err := k.land.journal.append(lines...)
		for _, row := range batch {
			if err == nil {
				k.land.add(k.land.journal, end, row.line, row.news)
			}
			row.done <- err
		}
	}
}

// pageIDAfter returns an id that sorts after last even if the clock went back:
// ids sort in the order in which pages were kept.
func pageIDAfter(last string) string {
	id := uuid.Must(uuid.NewV7())
	if id.String() > last {
		return id.String()
	}
	id = uuid.MustParse(last) // made by this function
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id.String()
}

// optionalText formats a day for journals.
func optionalText(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}

func optionalDay(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// pageFiles stores response bodies verbatim, one file per content.
type pageFiles struct {
	folder  string // the data folder
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// maxPageBytes exceeds any body: a file that claims to be larger is damaged.
const maxPageBytes = 1 << 30

func newPageFiles(folder string) (*pageFiles, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPageBytes))
	if err != nil {
		return nil, err
	}
	return &pageFiles{folder: folder, encoder: encoder, decoder: decoder}, nil
}

// write stores the body with this sha256 and returns its file, relative to the
// data folder. When it returns, the file survives a power failure. A damaged file
// of that name is replaced.
func (p *pageFiles) write(source, sum string, body []byte) (file string, err error) {
	file = path.Join("raw", source, sum[:2], sum+".json.zst")
	target := filepath.Join(p.folder, filepath.FromSlash(file))
	if p.holds(target, body) {
		return file, nil
	}
	if err := durable.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return "", err
	}
	if err := durable.WriteFile(target, p.encoder.EncodeAll(body, nil), 0o600); err != nil {
		return "", err
	}
	return file, nil
}

// holds reports whether a page file exists and is undamaged.
func (p *pageFiles) holds(target string, body []byte) bool {
	packed, err := os.ReadFile(target)
	if err != nil {
		return false
	}
	found, err := p.decoder.DecodeAll(packed, make([]byte, 0, len(body)))
	return err == nil && bytes.Equal(found, body)
}

// read returns the body in a page file, or an error if it does not match the
// sha256 in the file's name.
func (p *pageFiles) read(file string) ([]byte, error) {
	packed, err := os.ReadFile(filepath.Join(p.folder, filepath.FromSlash(file)))
	if err != nil {
		return nil, err
	}
	body, err := p.decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("page file %s: %w", file, err)
	}
	hash := sha256.Sum256(body)
	if sum := []byte(hex.EncodeToString(hash[:])); !bytes.HasPrefix([]byte(path.Base(file)), sum) {
		return nil, fmt.Errorf("page file %s: its content has changed", file)
	}
	return body, nil
}

// mended writes a copy of a page that DuckDB can read. The caller removes it.
func (p *pageFiles) mended(file string, faults []fault) (name string, size int64, err error) {
	body, err := p.read(file)
	if err != nil {
		return "", 0, err
	}
	text, err := mend(body, faults)
	if err != nil {
		return "", 0, fmt.Errorf("page file %s: %w", file, err)
	}
	temp, err := os.CreateTemp(filepath.Dir(filepath.Join(p.folder, filepath.FromSlash(file))), ".page-*.json.zst")
	if err != nil {
		return "", 0, err
	}
	_, err = temp.Write(p.encoder.EncodeAll(text, nil))
	if err = errors.Join(err, temp.Close()); err != nil {
		_ = os.Remove(temp.Name())
	}
	return temp.Name(), int64(len(text)), err
}
