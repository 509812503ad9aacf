package extract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// pageFiles stores response bodies verbatim, one file per content.
type pageFiles struct {
	folder  string       // the data folder
	store   *store.Store // that has them too
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// maxPageBytes exceeds any body: a file that claims to be larger is damaged.
const maxPageBytes = 1 << 30

func newPageFiles(folder string, s *store.Store) (*pageFiles, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPageBytes))
	if err != nil {
		return nil, err
	}
	return &pageFiles{folder: folder, store: s, encoder: encoder, decoder: decoder}, nil
}

// write stores the body with this sha256 and returns its file, relative to the
// data folder. When it returns, the file survives a power failure. A damaged file
// of that name is replaced.
func (p *pageFiles) write(source, sum string, body []byte) (file string, err error) {
	file = path.Join("raw", source, sum[:2], sum+".json.zst")
	target := filepath.Join(p.folder, filepath.FromSlash(file))
	if packed, err := os.ReadFile(target); err == nil {
		found, err := p.decoder.DecodeAll(packed, make([]byte, 0, len(body)))
		if err == nil && bytes.Equal(found, body) {
			return file, nil
		}
	}
	return file, durable.WritePrivate(target, p.encoder.EncodeAll(body, nil))
}

// filesOf lists the files of pages.
func filesOf(pages []*landing) (files []string) {
	for _, p := range pages {
		if p.File != "" {
			files = append(files, p.File)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// read returns the body in a page file, or an error if it does not match the
// sha256 in the file's name. A file that is missing or damaged comes from the store.
func (p *pageFiles) read(ctx context.Context, file string) ([]byte, error) {
	body, err := p.open(file)
	if err == nil || p.store == nil {
		return body, err
	}
	packed, missing := p.store.Get(ctx, file)
	if errors.Is(missing, fs.ErrNotExist) {
		return nil, err
	}
	if missing != nil {
		return nil, missing
	}
	if err := durable.WritePrivate(filepath.Join(p.folder, filepath.FromSlash(file)), packed); err != nil {
		return nil, err
	}
	return p.open(file)
}

// keep puts the files of new pages into the store, and brings back those of all pages
// that only the store has. What is damaged in both is left: its page alone cannot land.
func (p *pageFiles) keep(ctx context.Context, fresh, pages []*landing) error {
	if p.store == nil {
		return nil
	}
	added := filesOf(fresh)
	var whole []string
	for _, file := range filesOf(slices.Concat(fresh, pages)) {
		_, err := p.read(ctx, file)
		var unreachable *store.Error
		if errors.As(err, &unreachable) {
			return err
		}
		if _, is := slices.BinarySearch(added, file); is && err == nil {
			whole = append(whole, file)
		}
	}
	return p.store.PutFiles(ctx, whole...)
}

func (p *pageFiles) open(file string) ([]byte, error) {
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
func (p *pageFiles) mended(ctx context.Context, file string, faults []fault) (name string, size int64, err error) {
	body, err := p.read(ctx, file)
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

// CheckPages reads every page file and compares it with its row. It marks the
// pages whose file is missing or changed: their objects count as news until a page
// that holds them is stored again. Its error names the first of them.
func CheckPages(ctx context.Context, db *warehouse.DB, folder string, s *store.Store) error {
	files, err := newPageFiles(folder, s)
	if err != nil {
		return err
	}
	var pages []struct {
		File  string
		Bytes int
	}
	if err := warehouse.Fill(ctx, db, &pages, "extract/page.files", nil); err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "page files are as they were fetched"}
	lost := []string{""}
	for _, p := range pages {
		body, err := files.read(ctx, p.File)
		if err == nil && len(body) != p.Bytes {
			err = fmt.Errorf("page file %s: %d bytes instead of %d", p.File, len(body), p.Bytes)
		}
		if err == nil {
			continue
		}
		lost = append(lost, p.File)
		failed.Rows++
		if failed.Rows <= 5 {
			failed.First = append(failed.First, err.Error())
		}
	}
	if _, err := db.Exec(ctx, "extract/page.set_lost", warehouse.Args{"files": lost}); err != nil {
		return err
	}
	if failed.Rows > 0 {
		return failed
	}
	return nil
}
