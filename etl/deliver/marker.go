package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// The marker is a small file beside the warehouse that says which load posted
// last. A copied, restored or older folder does not agree with its marker, and
// then everything is held: what its ledger does not know may have been posted.
//
// The file keeps its identity for as long as it is the same file. Its number
// is committed in the ledger with a load's first sending and written into the
// file before the first byte is sent, so a marker that is one behind belongs
// to a run that was killed in between.
const (
	markerName   = ".ledger"
	markerFormat = "spendbridge ledger\nid %36s\nload %012d\n"
)

// A marker is what the file says and which file it is.
type marker struct {
	id     string
	loadNo int64
	fileIdentity
}

// A fileIdentity changes when a file is copied or restored, and survives a
// restart, a rename, chown and chmod.
type fileIdentity struct {
	inode string
	born  string // when the file was made; empty where the file system does not know
}

// A posted is the last load that posted, as the ledger has it.
type posted struct {
	marker
	runID, host, folder string
	at                  time.Time
}

func (d *Delivery) markerPath() string { return filepath.Join(d.Folder, markerName) }

// readMarker reads the file. It wraps [fs.ErrNotExist] if there is none.
func (d *Delivery) readMarker() (marker, error) {
	var m marker
	text, err := os.ReadFile(d.markerPath())
	if err != nil {
		return m, err
	}
	if _, err := fmt.Sscanf(string(text), markerFormat, &m.id, &m.loadNo); err != nil {
		return m, fmt.Errorf("%s is not readable: %w", markerName, err)
	}
	m.fileIdentity, err = identify(d.markerPath())
	return m, err
}

// lastPosted returns the ledger's side of the marker; ok is false if no load
// has posted since there are markers.
func (d *Delivery) lastPosted(ctx context.Context) (p posted, ok bool, err error) {
	err = d.DB.Get(ctx, "deliver/marker.read", nil,
		&p.id, &p.inode, &p.born, &p.loadNo, &p.runID, &p.host, &p.folder, &p.at)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	return p, err == nil, err
}

// folderFault says why this may not be the folder that posted last, or "". A
// marker that a killed run left one behind is brought up to date.
func (d *Delivery) folderFault(ctx context.Context) (string, error) {
	ledger, known, err := d.lastPosted(ctx)
	if err != nil {
		return "", err
	}
	file, err := d.readMarker()
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case !known && (missing || err == nil && file.loadNo == 0):
		return "", nil // nothing was posted yet, or by a version without markers
	case missing:
		return fmt.Sprintf("the marker %s is missing; %s", markerName, ledger), nil
	case err != nil:
		return fmt.Sprintf("%v; %s", err, ledger), nil
	case !known:
		return fmt.Sprintf("the marker %s says that load %d posted last, and the ledger knows of none", markerName, file.loadNo), nil
	case file.id != ledger.id || file.fileIdentity != ledger.fileIdentity:
		return fmt.Sprintf("this folder is a copy, or was restored from one: its marker %s is not the file that the last load wrote; %s", markerName, ledger), nil
	case file.loadNo > ledger.loadNo:
		return fmt.Sprintf("the ledger is older than what was posted: the marker says load %d, the ledger knows %d; %s", file.loadNo, ledger.loadNo, ledger), nil
	case file.loadNo < ledger.loadNo-1:
		return fmt.Sprintf("the marker %s is older than the ledger: load %d of %d; %s", markerName, file.loadNo, ledger.loadNo, ledger), nil
	case file.loadNo < ledger.loadNo:
		return "", d.writeMarker(ledger.id, ledger.loadNo)
	}
	return "", nil
}

// String says when and from where the last load was.
func (p posted) String() string {
	if p.runID == "" {
		return "the ledger knows of no load that posted"
	}
	return fmt.Sprintf("the last load that posted was number %d (run %s) at %s, from %s on %s",
		p.loadNo, p.runID, p.at.UTC().Format(time.RFC3339), p.folder, p.host)
}

// writeMarker writes the number in one write of fixed length.
func (d *Delivery) writeMarker(id string, loadNo int64) error {
	f, err := os.OpenFile(d.markerPath(), os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("marker: %w", err)
	}
	_, err = f.WriteAt(fmt.Appendf(nil, markerFormat, id, loadNo), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("marker: %w", err)
	}
	return nil
}

// newMarker makes this folder the one that posts: a new file, and the ledger's
// side of it.
func (d *Delivery) newMarker(ctx context.Context, loadNo int64) (marker, error) {
	m := marker{id: uuid.NewString(), loadNo: loadNo}
	if err := durable.WriteFile(d.markerPath(), fmt.Appendf(nil, markerFormat, m.id, loadNo), 0o600); err != nil {
		return m, fmt.Errorf("marker: %w", err)
	}
	var err error
	if m.fileIdentity, err = identify(d.markerPath()); err != nil {
		return m, fmt.Errorf("marker: %w", err)
	}
	return m, d.from(m).keep(ctx, d.DB)
}

// renewMarker makes this folder the one that posts, after somebody confirmed
// it. Its number is that of the newest load that the ledger or the marker knows.
func (d *Delivery) renewMarker(ctx context.Context) error {
	ledger, _, err := d.lastPosted(ctx)
	if err != nil {
		return err
	}
	newest := ledger.loadNo
	if file, err := d.readMarker(); err == nil {
		newest = max(newest, file.loadNo)
	}
	_, err = d.newMarker(ctx, newest)
	return err
}

// from says that this run posts, and from where.
func (d *Delivery) from(m marker) posted {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	folder, err := filepath.Abs(d.Folder)
	if err != nil {
		folder = d.Folder
	}
	return posted{marker: m, runID: string(d.RunID), host: host, folder: folder, at: d.Now().UTC()}
}

func (p posted) keep(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "deliver/marker.put", warehouse.Args{
		"marker_id": p.id, "inode": p.inode, "born": p.born, "load_no": p.loadNo,
		"run_id": p.runID, "host": p.host, "folder": p.folder, "at": p.at,
	})
	return err
}

// A posting counts one load in the ledger and in the marker, once, before its
// first byte is sent.
type posting struct {
	d       *Delivery
	load    posted          // as it is counted
	counted bool            // in the ledger
	written bool            // in the marker
	targets map[string]bool // that the ledger knows
}

// knows reports whether the ledger has a target already.
func (p *posting) knows(target string) bool { return p != nil && p.targets[target] }

// prepare makes the marker of a folder that never posted.
func (p *posting) prepare(ctx context.Context) error {
	if p.load.id != "" {
		return nil
	}
	last, known, err := p.d.lastPosted(ctx)
	if err == nil && !known {
		last.marker, err = p.d.newMarker(ctx, 0)
	}
	if err != nil {
		return err
	}
	p.load = p.d.from(last.marker)
	p.load.loadNo++
	return nil
}

// count is part of the transaction that marks a batch as sending; committed
// says that it was.
func (p *posting) count(ctx context.Context, tx *warehouse.Tx) error {
	if p == nil || p.counted {
		return nil
	}
	return p.load.keep(ctx, tx)
}

func (p *posting) committed(target string) {
	if p != nil {
		p.counted = true
		p.targets[target] = true
	}
}

// write follows the commit and comes before the first byte is sent.
func (p *posting) write() error {
	if p == nil || p.written {
		return nil
	}
	if err := p.d.writeMarker(p.load.id, p.load.loadNo); err != nil {
		return err
	}
	p.written = true
	return nil
}
