package extract

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl/durable"
)

// pageFiles keeps response bodies verbatim, one file per content.
type pageFiles struct {
	folder  string // the data folder
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// maxPageBytes is more than any body has: what claims to be larger is damaged.
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

// write keeps the body that has the sha256 and returns its file, relative to
// the data folder. When it returns, the file survives a loss of power. A file
// of that name is written anew if it does not hold the body any more.
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

// holds reports whether a page file is there and undamaged.
func (p *pageFiles) holds(target string, body []byte) bool {
	packed, err := os.ReadFile(target)
	if err != nil {
		return false
	}
	found, err := p.decoder.DecodeAll(packed, make([]byte, 0, len(body)))
	return err == nil && bytes.Equal(found, body)
}

// read returns the body in a page file, and an error if it is no longer the
// one the file is named for.
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

// mended writes a page as DuckDB can read it, into a file that its caller
// removes.
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
