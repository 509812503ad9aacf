package deliver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl/durable"
)

// sentFolder lies in the data folder and holds one file per batch.
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
	LoadNo       int64           `json:"load_no,omitempty"` // the load that sent it, 0 = booked by a person; since format 2
	Items        json.RawMessage `json:"items"`
}

// A sentEvent is a later line: an answer, or a person's decision.
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

// A sentSettlement is a person's decision, as the ledger keeps it.
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
