package extract

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// pageFiles keeps response bodies verbatim, one file per content.
type pageFiles struct {
	folder  string // the data folder
	encoder *zstd.Encoder
}

func newPageFiles(folder string) (*pageFiles, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	return &pageFiles{folder: folder, encoder: encoder}, nil
}

// write keeps body and returns its sha256 and its file, relative to the data
// folder. When it returns, the file survives a loss of power.
func (p *pageFiles) write(source string, body []byte) (sum, file string, err error) {
	hash := sha256.Sum256(body)
	sum = hex.EncodeToString(hash[:])
	file = path.Join("raw", source, sum[:2], sum+".json.zst")
	target := filepath.Join(p.folder, filepath.FromSlash(file))
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		return sum, file, err
	}
	if err := makeFolder(p.folder, filepath.Dir(target)); err != nil {
		return "", "", err
	}
	if err := writeDurably(target, p.encoder.EncodeAll(body, nil)); err != nil {
		return "", "", err
	}
	return sum, file, nil
}

// writeDurably writes a file under another name, and gives it its own once
// all of it is on the disk.
func writeDurably(target string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(target), ".page-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // is gone once renamed
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), target); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(target))
}

// makeFolder makes folder and those between it and root, durably.
func makeFolder(root, folder string) error {
	if folder == root {
		return nil
	}
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	parent := filepath.Dir(folder)
	if err := makeFolder(root, parent); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// read returns the body in a page file, and an error if it is no longer the
// one the file is named for.
func (p *pageFiles) read(file string) ([]byte, error) {
	f, err := os.Open(filepath.Join(p.folder, filepath.FromSlash(file)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	body, err := io.ReadAll(decoder)
	if err != nil {
		return nil, fmt.Errorf("page file %s: %w", file, err)
	}
	hash := sha256.Sum256(body)
	if sum := []byte(hex.EncodeToString(hash[:])); !bytes.HasPrefix([]byte(path.Base(file)), sum) {
		return nil, fmt.Errorf("page file %s: its content has changed", file)
	}
	return body, nil
}
