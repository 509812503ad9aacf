package deliver

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
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
	"spendbridge/etl/store"
)

// sentFolder is in the data folder and holds one file per batch.
const (
	sentFolder = "sent"
	sentSuffix = ".json.zst"
)

func sentName(batchID string) string { return sentFolder + "/" + batchID + sentSuffix }

// A sentHeader is the first line of a sent file: what the ledger knew of the batch then.
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
	Doubts     string          `json:"doubts,omitempty"` // an answer that contradicts a decision
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

// sentFiles are those of a data folder and their copies in its store: the file as it was before the
// POST, and each later line as an object of its own.
type sentFiles struct {
	folder string
	store  *store.Store
	listed []string // what the store had when it was listed; nil if it is listed each time
}

func (d *Delivery) sent() sentFiles { return sentFiles{folder: d.Folder, store: d.Store} }

// listSent lists the store once, for many batches.
func (d *Delivery) listSent(ctx context.Context) (s sentFiles, err error) {
	s = d.sent()
	s.listed, err = s.keys(ctx, sentFolder+"/")
	return s, err
}

// keys lists the objects of the store whose keys begin with prefix, in order.
func (s sentFiles) keys(ctx context.Context, prefix string) ([]string, error) {
	if s.listed == nil {
		keys, err := s.store.Keys(ctx, prefix)
		return append([]string{}, keys...), err
	}
	from, _ := slices.BinarySearch(s.listed, prefix)
	to := from
	for to < len(s.listed) && strings.HasPrefix(s.listed[to], prefix) {
		to++
	}
	return s.listed[from:to:to], nil
}

func (s sentFiles) path(batchID string) string { return filepath.Join(s.folder, sentName(batchID)) }

// eventName is where the store has an event of a batch. Names sort like the events: a
// decision about an attempt follows its answer.
func eventName(batchID string, e sentEvent) string {
	kind := "answer"
	if e.Settlement != nil {
		kind = "decision-" + e.Settlement.ID
	}
	return fmt.Sprintf("%s/%s/%03d-%016d-%s%s", sentFolder, batchID, e.Attempt, e.At.UnixMicro(), kind, sentSuffix)
}

// write writes a file, with events if there are any yet, into the store, then here, where it is
// whole after any crash that follows. It is [store.ErrTaken] if the store has another one.
func (s sentFiles) write(ctx context.Context, f sentFile, events ...sentEvent) error {
	frames, err := f.frames()
	for _, event := range events {
		line, failed := event.frame()
		frames, err = append(frames, line...), errors.Join(err, failed)
	}
	if err != nil {
		return fmt.Errorf("sent file of %s: %w", f.Header.BatchID, err)
	}
	if err := s.store.Put(ctx, sentName(f.Header.BatchID), frames); err != nil {
		return err
	}
	return s.replace(f.Header.BatchID, frames)
}

func (s sentFiles) replace(batchID string, frames []byte) error {
	if err := durable.WritePrivate(s.path(batchID), frames); err != nil {
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

// append adds one event to a batch's file. After a [*store.Error] only its copy is owed.
func (s sentFiles) append(ctx context.Context, batchID string, event sentEvent) error {
	line, err := event.frame()
	if err != nil {
		return fmt.Errorf("sent file of %s: %w", batchID, err)
	}
	if err := durable.Append(s.path(batchID), line, 0o600); err != nil {
		return fmt.Errorf("sent file: %w", err)
	}
	return s.copy(ctx, batchID, event, line)
}

// add adds one event to a file that was read, and drops a torn line, which would hide it.
func (s sentFiles) add(ctx context.Context, f sentFile, event sentEvent) error {
	if !f.torn {
		return s.append(ctx, f.Header.BatchID, event)
	}
	line, err := event.frame()
	if err != nil {
		return err
	}
	f.Events = append(f.Events, event)
	frames, err := f.frames()
	if err != nil {
		return err
	}
	if err := s.replace(f.Header.BatchID, frames); err != nil {
		return err
	}
	return s.copy(ctx, f.Header.BatchID, event, line)
}

// copy copies an event to the store.
func (s sentFiles) copy(ctx context.Context, batchID string, event sentEvent, line []byte) error {
	key := eventName(batchID, event)
	if err := s.store.Owe(key, line); err != nil {
		return fmt.Errorf("sent file: %w", err)
	}
	return s.store.PutOwed(ctx, key)
}

func (e sentEvent) frame() ([]byte, error) {
	line, err := json.Marshal(e)
	return frame(append(line, '\n')), err
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

// read reads a batch's file, from the store if it is missing here, or returns [fs.ErrNotExist].
func (s sentFiles) read(ctx context.Context, batchID string) (sentFile, error) {
	file, err := s.open(batchID)
	if errors.Is(err, fs.ErrNotExist) {
		return s.readNewest(ctx, batchID)
	}
	return file, err
}

// readNewest reads a batch's file with the answers that only the store has.
func (s sentFiles) readNewest(ctx context.Context, batchID string) (sentFile, error) {
	file, missing := s.open(batchID)
	if s.store == nil || missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return file, missing
	}
	events, err := s.keys(ctx, sentFolder+"/"+batchID+"/")
	if err != nil {
		return file, err
	}
	news := slices.ContainsFunc(events, func(key string) bool {
		return !slices.ContainsFunc(file.Events, func(e sentEvent) bool { return key == eventName(batchID, e) })
	})
	if missing == nil && !news {
		return file, nil
	}
	if err := s.fetch(ctx, batchID, events); err != nil {
		return file, err
	}
	return s.open(batchID)
}

// fetch makes a batch's file of what the store has of it.
func (s sentFiles) fetch(ctx context.Context, batchID string, events []string) error {
	frames, err := s.store.Get(ctx, sentName(batchID))
	if err != nil {
		return err
	}
	for _, key := range events {
		event, err := s.store.Get(ctx, key)
		if err != nil {
			return err
		}
		frames = append(frames, event...)
	}
	return s.replace(batchID, frames)
}

// open reads a batch's file here.
func (s sentFiles) open(batchID string) (sentFile, error) {
	f, err := os.Open(s.path(batchID))
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

// parseSent reads the lines of a sent file. It was named after its body, so only events can be torn.
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

// batches returns the batches that have a sent file, here or in the store, by name.
func (s sentFiles) batches(ctx context.Context) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.folder, sentFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("sent files: %w", err)
	}
	names, err := s.keys(ctx, sentFolder+"/")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		names = append(names, sentFolder+"/"+entry.Name())
	}
	var ids []string
	for _, name := range names {
		id, ok := strings.CutSuffix(strings.TrimPrefix(name, sentFolder+"/"), sentSuffix)
		if ok && !strings.Contains(id, "/") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// A sentItem is one record of a sent file: what the ledger knew, and the JSON that went out.
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

// readItems pairs the header's list with the records of the body, byte for byte.
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

// outcome is the last line about the batch as a whole; without one it may have arrived or not.
func (f sentFile) outcome() sentEvent {
	if end, ok := f.last(); ok {
		for _, event := range f.Events { // a decision has no HTTP answer of its own
			end.Status, end.RequestID = cmp.Or(event.Status, end.Status), cmp.Or(event.RequestID, end.RequestID)
		}
		return end
	}
	return sentEvent{State: stateUnknown, At: f.Header.SentAt, Attempt: 1, Message: noAnswer}
}

// last returns the newest line that says what became of the batch as a whole. One that
// says only that nothing is known counts if no other is about the same attempt: two
// machines may have written them, whose clocks differ.
func (f sentFile) last() (last sentEvent, found bool) {
	for _, event := range slices.Backward(f.Events) {
		switch {
		case event.Settlement != nil && event.Settlement.Decision == decisionRetry:
			continue
		case found && event.Attempt != last.Attempt:
			return last, true
		case event.Settlement != nil || event.Doubts != "" || event.State != stateUnknown:
			return event, true
		case !found:
			last, found = event, true
		}
	}
	return last, found
}

// noAnswer is the message of a batch whose program was killed.
const noAnswer = "the program ended before the answer was written"

// CopyToStore puts what was sent into a store that was configured since.
func (d *Delivery) CopyToStore(ctx context.Context) error {
	sent := d.sent()
	ids, err := sent.batches(ctx)
	if err != nil {
		return err
	}
	stored, err := d.Store.Keys(ctx, sentFolder+"/")
	if err != nil {
		return err
	}
	put := func(key string, frames []byte, err error) error {
		if _, is := slices.BinarySearch(stored, key); is || err != nil {
			return err
		}
		return d.Store.Put(ctx, key, frames)
	}
	for _, id := range ids {
		file, err := sent.read(ctx, id)
		if err != nil {
			return err
		}
		events := file.Events
		file.Events = nil
		frames, err := file.frames()
		if err := put(sentName(id), frames, err); err != nil {
			return err
		}
		for _, event := range events {
			line, err := event.frame()
			if err := put(eventName(id, event), line, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// FetchFromStore fetches the sent files and decisions that this folder does not have, and returns
// how many sent files there are.
func (d *Delivery) FetchFromStore(ctx context.Context) (int, error) {
	sent, err := d.listSent(ctx)
	if err != nil {
		return 0, err
	}
	ids, err := sent.batches(ctx)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if _, err := sent.readNewest(ctx, id); err != nil {
			return 0, err
		}
	}
	return len(ids), d.syncDecisions(ctx)
}
