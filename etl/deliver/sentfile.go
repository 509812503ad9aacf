package deliver

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl/durable"
)

// sentFolder is in the data folder and holds one file per batch.
const (
	sentFolder = "sent"
	sentSuffix = ".json.zst"
)

func sentName(batchID string) string { return sentFolder + "/" + batchID + sentSuffix }

// A sentHeader is the first line of a sent file: what the ledger knew of the
// batch when it was sent.
type sentHeader struct {
	Format       int             `json:"format"`
	BatchID      string          `json:"batch_id"`
	Parent       string          `json:"parent_batch_id,omitempty"`
	RunID        string          `json:"run_id"`
	Target       string          `json:"target"`
	AppID        string          `json:"app_id"`
	RecordSchema string          `json:"record_schema"`
	SHA256       string          `json:"sha256"`
	Doubtful     bool            `json:"doubtful,omitempty"` // half of a batch that may have arrived
	SentAt       time.Time       `json:"sent_at"`
	LoadNo       int64           `json:"load_no,omitempty"` // the load that sent it, 0 = booked by hand; since format 2
	Items        json.RawMessage `json:"items"`
}

// A sentEvent is a later line: an answer, or a decision.
type sentEvent struct {
	State     string    `json:"state"`
	At        time.Time `json:"at"`
	Attempt   int       `json:"attempt"`
	Status    int       `json:"status,omitempty"`
	Message   string    `json:"message,omitempty"`
	Body      string    `json:"body,omitempty"` // of an accepted batch, its beginning
	RequestID string    `json:"request_id,omitempty"`

	Settlement *sentSettlement `json:"settlement,omitempty"`
}

// A sentSettlement is a decision, as the ledger keeps it.
type sentSettlement struct {
	ID       string `json:"settlement_id"`
	Subject  string `json:"subject"`
	Decision string `json:"decision"`
	By       string `json:"decided_by"`
	Note     string `json:"note"`
}

// A sentFile is all of one file.
type sentFile struct {
	Header sentHeader
	Body   []byte
	Events []sentEvent
	torn   bool // the last line was being written when the program ended

	packed []byte // all after "items": of a new file, as frames; nil if it is not packed

	items []sentItem // where they were read
	first int64      // the ledger number of the first one
}

// writeSent writes the file of a batch so that it is there, whole, after any
// crash that follows.
func writeSent(folder string, f sentFile) error {
	frames, err := f.frames()
	if err != nil {
		return fmt.Errorf("sent file of %s: %w", f.Header.BatchID, err)
	}
	path := filepath.Join(folder, sentName(f.Header.BatchID))
	if err := durable.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("sent file: %w", err)
	}
	if err := durable.WriteFile(path, frames, 0o600); err != nil {
		return fmt.Errorf("sent file: %w", err)
	}
	return nil
}

func (f sentFile) frames() ([]byte, error) {
	head := f.Header
	if f.packed != nil {
		head.Items = nil
	}
	header, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	if f.packed != nil {
		return append(frame(bytes.TrimSuffix(header, []byte("null}"))), f.packed...), nil
	}
	lines := append(header, '\n')
	lines = append(append(lines, f.Body...), '\n')
	for _, event := range f.Events {
		line, err := json.Marshal(event)
		if err != nil {
			return nil, err
		}
		lines = append(append(lines, line...), '\n')
	}
	return frame(lines), nil
}

// appendSent adds one event to a batch's file.
func appendSent(folder, batchID string, event sentEvent) error {
	line, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("sent file of %s: %w", batchID, err)
	}
	path := filepath.Join(folder, sentName(batchID))
	if err := durable.Append(path, frame(append(line, '\n')), 0o600); err != nil {
		return fmt.Errorf("sent file: %w", err)
	}
	return nil
}

// add adds one event to a file that was read. A torn last line is dropped on the
// way, or no later line could be read.
func (f sentFile) add(folder string, event sentEvent) error {
	if !f.torn {
		return appendSent(folder, f.Header.BatchID, event)
	}
	f.Events = append(f.Events, event)
	return writeSent(folder, f)
}

// frame returns data as one zstd frame. The fastest level takes half the time
// of the default and makes these files no larger.
func frame(data []byte) []byte {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic(err) // the options are constant
	}
	defer encoder.Close()
	return encoder.EncodeAll(data, nil)
}

// readSent reads a batch's file. Without one the error is [fs.ErrNotExist].
func readSent(folder, batchID string) (sentFile, error) {
	f, err := os.Open(filepath.Join(folder, sentName(batchID)))
	if err != nil {
		return sentFile{}, err
	}
	defer f.Close()
	decoder, err := zstd.NewReader(f)
	if err != nil {
		return sentFile{}, fmt.Errorf("sent file %s: %w", sentName(batchID), err)
	}
	defer decoder.Close()
	read, err := parseSent(decoder)
	if err != nil {
		return sentFile{}, fmt.Errorf("sent file %s: %w; restore it from a backup", sentName(batchID), err)
	}
	return read, nil
}

// parseSent reads the lines of a sent file. Header and body were on the disk
// before the file had its name, so only events can be cut off.
func parseSent(r io.Reader) (sentFile, error) {
	var f sentFile
	lines := bufio.NewReader(r)
	header, err := lines.ReadBytes('\n')
	if err != nil {
		return f, fmt.Errorf("header: %w", err)
	}
	if err := json.Unmarshal(header, &f.Header); err != nil {
		return f, fmt.Errorf("header: %w", err)
	}
	body, err := lines.ReadBytes('\n')
	if err != nil {
		return f, fmt.Errorf("body: %w", err)
	}
	f.Body = bytes.TrimSuffix(body, []byte("\n"))
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return f, nil
		}
		var event sentEvent
		if err != nil || json.Unmarshal(line, &event) != nil {
			f.torn = true
			return f, nil
		}
		f.Events = append(f.Events, event)
	}
}

// sentBatches returns the batches that have a sent file, in name order.
func sentBatches(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, sentFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sent files: %w", err)
	}
	var ids []string
	for _, entry := range entries {
		if id, ok := strings.CutSuffix(entry.Name(), sentSuffix); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// A sentItem is one record of a sent file: what the ledger knew, and the JSON
// that went out.
type sentItem struct {
	Item    json.RawMessage `json:"item"`
	Payload string          `json:"payload"`
}

// ledgerNo is the item's number in the ledger, 0 in files of format 1.
func (i sentItem) ledgerNo() int64 {
	var known struct {
		LedgerNo int64 `json:"ledger_no"`
	}
	if json.Unmarshal(i.Item, &known) != nil {
		return 0
	}
	return known.LedgerNo
}

// lastNo is the ledger number of the last item.
func (f sentFile) lastNo() int64 {
	if no := f.items[len(f.items)-1].ledgerNo(); no > 0 {
		return no
	}
	return f.first + int64(len(f.items)) - 1
}

// readItems pairs the header's list with the records of the body, byte for
// byte.
func (f sentFile) readItems() ([]sentItem, error) {
	sum := sha256.Sum256(f.Body)
	if hex.EncodeToString(sum[:]) != f.Header.SHA256 {
		return nil, errors.New("the body does not have the checksum of its header; restore the file from a backup")
	}
	var (
		known []json.RawMessage
		sent  struct {
			Records []json.RawMessage `json:"records"`
		}
	)
	if err := errors.Join(json.Unmarshal(f.Header.Items, &known), json.Unmarshal(f.Body, &sent)); err != nil {
		return nil, err
	}
	if len(known) != len(sent.Records) || len(known) == 0 {
		return nil, fmt.Errorf("%d items for %d records", len(known), len(sent.Records))
	}
	items := make([]sentItem, len(known))
	for i := range known {
		items[i] = sentItem{Item: known[i], Payload: string(bytes.TrimSpace(sent.Records[i]))}
	}
	return items, nil
}

// outcome is the last line that is about the batch as a whole. Without one
// nobody knows whether it arrived.
func (f sentFile) outcome() sentEvent {
	if end, ok := f.last(); ok {
		for _, event := range f.Events { // a decision has no HTTP answer of its own
			end.Status, end.RequestID = cmp.Or(event.Status, end.Status), cmp.Or(event.RequestID, end.RequestID)
		}
		return end
	}
	return sentEvent{State: stateUnknown, At: f.Header.SentAt, Attempt: 1, Message: noAnswer}
}

func (e sentEvent) settlementID() string {
	if e.Settlement == nil {
		return ""
	}
	return e.Settlement.ID
}

// last returns the newest line of the file that says what became of the
// batch as a whole.
func (f sentFile) last() (sentEvent, bool) {
	for _, event := range slices.Backward(f.Events) {
		if event.Settlement == nil || event.Settlement.Decision != decisionRetry {
			return event, true
		}
	}
	return sentEvent{}, false
}

// noAnswer is the message of a batch whose program was killed.
const noAnswer = "the program ended before the answer was written"
