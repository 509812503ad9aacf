package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/store"
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
	MarkerID string `json:"-"`
	LoadNo   int64  `json:"load_no"`
	fileIdentity
}

// A fileIdentity changes with a copy or restore, and survives a restart, a rename, chown and chmod.
type fileIdentity struct {
	Inode string `json:"-"`
	Born  string `json:"-"` // when the file was made; empty where the file system does not know
}

// A posted is a load: the last one in the ledger, or one that is claimed in the store.
type posted struct {
	marker
	RunID    string    `json:"run_id"`
	Host     string    `json:"host"`
	Folder   string    `json:"folder"`
	PostedAt time.Time `json:"at"`
}

func (d *Delivery) markerPath() string { return filepath.Join(d.Folder, markerName) }

// readMarker reads the file. It wraps [fs.ErrNotExist] if there is none.
func (d *Delivery) readMarker() (marker, error) {
	var m marker
	text, err := os.ReadFile(d.markerPath())
	if err != nil {
		return m, err
	}
	if _, err := fmt.Sscanf(string(text), markerFormat, &m.MarkerID, &m.LoadNo); err != nil {
		return m, fmt.Errorf("%s is not readable: %w", markerName, err)
	}
	m.fileIdentity, err = identify(d.markerPath())
	return m, err
}

// lastPosted is the ledger's side of the marker, if a load has posted since there are markers.
func (d *Delivery) lastPosted(ctx context.Context) (p posted, ok bool, err error) {
	err = warehouse.Fill(ctx, d.DB, &p, "deliver/marker.read", nil)
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
	if claimed, err := d.claimFault(ctx, ledger); claimed != "" || err != nil || d.onLake() {
		return claimed, err
	}
	switch {
	case !known && (missing || err == nil && file.LoadNo == 0):
		return "", nil // nothing was posted yet, or by a version without markers
	case missing:
		return fmt.Sprintf("the marker %s is missing; %s", markerName, ledger), nil
	case err != nil:
		return fmt.Sprintf("%v; %s", err, ledger), nil
	case !known:
		return fmt.Sprintf("the marker %s says that load %d posted last, and the ledger knows of none", markerName, file.LoadNo), nil
	case file.MarkerID != ledger.MarkerID || file.fileIdentity != ledger.fileIdentity:
		return fmt.Sprintf("this folder is a copy, or was restored from one: its marker %s is not the file that the last load wrote; %s", markerName, ledger), nil
	case file.LoadNo > ledger.LoadNo:
		return fmt.Sprintf("the ledger is older than what was posted: the marker says load %d, the ledger knows %d; %s", file.LoadNo, ledger.LoadNo, ledger), nil
	case file.LoadNo < ledger.LoadNo-1:
		return fmt.Sprintf("the marker %s is older than the ledger: load %d of %d; %s", markerName, file.LoadNo, ledger.LoadNo, ledger), nil
	case file.LoadNo < ledger.LoadNo:
		return "", d.writeMarker(ledger.MarkerID, ledger.LoadNo)
	}
	return "", nil
}

// String says when and from where the last load was.
func (p posted) String() string {
	if p.RunID == "" {
		return "the ledger knows of no load that posted"
	}
	return fmt.Sprintf("the last load that posted was number %d (run %s) at %s, from %s on %s",
		p.LoadNo, p.RunID, p.PostedAt.UTC().Format(time.RFC3339), p.Folder, p.Host)
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

// newMarker makes this folder the one that posts: a new file, and the ledger's side of it.
func (d *Delivery) newMarker(ctx context.Context, loadNo int64) (marker, error) {
	m := marker{MarkerID: uuid.NewString(), LoadNo: loadNo}
	if err := durable.WriteFile(d.markerPath(), fmt.Appendf(nil, markerFormat, m.MarkerID, loadNo), 0o600); err != nil {
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
	newest := ledger.LoadNo
	if file, err := d.readMarker(); err == nil {
		newest = max(newest, file.LoadNo)
	}
	if d.Store == nil {
		_, err = d.newMarker(ctx, newest)
		return err
	}
	claimed, err := d.newestClaim(ctx)
	if err != nil {
		return err
	}
	m := marker{MarkerID: d.DB.Worker(), LoadNo: max(newest, claimed) + 1}
	if d.onLake() {
		err = d.from(m).keep(ctx, d.DB)
	} else {
		m, err = d.newMarker(ctx, m.LoadNo)
	}
	if err != nil {
		return err
	}
	return d.claim(ctx, d.from(m)) // whoever claimed the one before is held from now on
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
	return posted{m, string(d.RunID), host, folder, d.Now().UTC()}
}

func (p posted) keep(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "deliver/marker.put", warehouse.Args{
		"marker_id": p.MarkerID, "inode": p.Inode, "born": p.Born, "load_no": p.LoadNo,
		"run_id": p.RunID, "host": p.Host, "folder": p.Folder, "at": p.PostedAt,
	})
	return err
}

// onLake reports whether several folders may post, one at a time: then there is no marker,
// and the claims in the store alone tell of a catalog that was restored.
func (d *Delivery) onLake() bool { return d.DB.Worker() != "" }

// A posting counts one load in the ledger and in the marker before its first byte is sent.
type posting struct {
	d       *Delivery
	load    posted          // as it is counted
	counted bool            // in the ledger
	written bool            // in the marker
	targets map[string]bool // that the ledger knows
}

// prepare makes the marker of a folder that never posted.
func (p *posting) prepare(ctx context.Context) error {
	if p.load.MarkerID != "" {
		return nil
	}
	last, known, err := p.d.lastPosted(ctx)
	if err == nil && !known && !p.d.onLake() {
		last.marker, err = p.d.newMarker(ctx, 0)
	}
	if err != nil {
		return err
	}
	if p.d.onLake() {
		last.MarkerID = p.d.DB.Worker()
	}
	p.load = p.d.from(last.marker)
	p.load.LoadNo++
	return nil
}

// write follows the commit and comes before the first byte is sent.
func (p *posting) write(ctx context.Context) error {
	if p.written {
		return nil
	}
	if !p.d.onLake() {
		if err := p.d.writeMarker(p.load.MarkerID, p.load.LoadNo); err != nil {
			return err
		}
	}
	if err := p.d.claim(ctx, p.load); err != nil {
		return err
	}
	p.written = true
	return nil
}

// claimFolder is in the store. Only one claim of a load can be written there, so two copies of a
// ledger cannot both post it.
const claimFolder = "loads"

func claimKey(loadNo int64) string { return fmt.Sprintf("%s/%012d", claimFolder, loadNo) }

func (p posted) claimed() string {
	return fmt.Sprintf("load %d was claimed by run %s at %s, from %s on %s",
		p.LoadNo, p.RunID, p.PostedAt.UTC().Format(time.RFC3339), p.Folder, p.Host)
}

// claim fails with a [*etl.NeedsPersonError] if another copy of this folder has claimed the load.
func (d *Delivery) claim(ctx context.Context, p posted) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	err = d.Store.Put(ctx, claimKey(p.LoadNo), text)
	if !errors.Is(err, store.ErrTaken) {
		return err
	}
	other, err := d.readClaim(ctx, p.LoadNo)
	if err != nil {
		return err
	}
	return &etl.NeedsPersonError{
		What: other.claimed() + ": another copy of this folder posts, so this one does not",
		Fix:  "find out which of the two is to post, and stop the other; then see what spendbridge load asks",
	}
}

func (d *Delivery) readClaim(ctx context.Context, loadNo int64) (p posted, err error) {
	text, err := d.Store.Get(ctx, claimKey(loadNo))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}

// newestClaim is the number of the newest load that was claimed, 0 for none.
func (d *Delivery) newestClaim(ctx context.Context) (newest int64, err error) {
	keys, err := d.Store.Keys(ctx, claimFolder+"/")
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	key := keys[len(keys)-1]
	if _, err := fmt.Sscanf(path.Base(key), "%d", &newest); err != nil {
		return 0, fmt.Errorf("store %s: %s is not a claim", d.Store.Name(), key)
	}
	return newest, nil
}

// claimFault says what another copy of this folder has claimed since, or "".
func (d *Delivery) claimFault(ctx context.Context, ledger posted) (string, error) {
	newest, err := d.newestClaim(ctx)
	if err != nil || newest < ledger.LoadNo || newest == 0 {
		return "", err
	}
	c, err := d.readClaim(ctx, newest)
	if err != nil || c.RunID == ledger.RunID && newest == ledger.LoadNo {
		return "", err
	}
	return fmt.Sprintf("another copy of this folder has posted: %s; %s", c.claimed(), ledger), nil
}
