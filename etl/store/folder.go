package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gocloud.dev/gcerrors"

	"spendbridge/etl/durable"
)

// owedFolder is in the data folder. It holds objects that count already and are
// not in the store yet, under their keys.
const owedFolder = "unstored"

// Owe makes an object durable in the data folder: if the store cannot be written
// to, [Store.PutOwed] of a later load does.
func (s *Store) Owe(key string, data []byte) error {
	if s == nil {
		return nil
	}
	return durable.WritePrivate(s.file(owedFolder+"/"+key), data)
}

// PutOwed writes what is owed under the given keys, or everything without any.
func (s *Store) PutOwed(ctx context.Context, keys ...string) error {
	if s == nil {
		return nil
	}
	if len(keys) == 0 {
		var err error
		if keys, err = Owed(s.folder); err != nil {
			return err
		}
	}
	return each(ctx, keys, func(ctx context.Context, key string) error {
		path := s.file(owedFolder + "/" + key)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = s.Put(ctx, key, data)
		}
		if err != nil {
			return err
		}
		return os.Remove(path)
	})
}

// Owed lists the objects that a data folder owes the store.
func Owed(folder string) ([]string, error) { return files(filepath.Join(folder, owedFolder)) }

// PutMissing puts those files below a folder of the data folder that the store does
// not have. Their names must depend on their content, or they must not change any
// more.
func (s *Store) PutMissing(ctx context.Context, folder string) error {
	stored, err := s.Keys(ctx, folder+"/")
	if err != nil {
		return err
	}
	local, err := files(s.file(folder))
	if err != nil {
		return err
	}
	var missing []string
	for _, name := range local {
		key := folder + "/" + name
		if _, is := slices.BinarySearch(stored, key); !is {
			missing = append(missing, key)
		}
	}
	return s.PutFiles(ctx, missing...)
}

// Fetch copies objects to where the data folder has their files. Files that are
// there stay as they are. It returns how many were copied.
func (s *Store) Fetch(ctx context.Context, keys ...string) (int, error) {
	if s == nil {
		return 0, nil
	}
	var missing []string
	for _, key := range keys {
		if _, err := os.Stat(s.file(key)); err != nil {
			missing = append(missing, key)
		}
	}
	return len(missing), each(ctx, missing, func(ctx context.Context, key string) error {
		file := s.file(key)
		if err := durable.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		f, err := durable.Create(file, os.FileMode(0o600))
		if err != nil {
			return err
		}
		defer f.Discard()
		if err := s.ReadTo(ctx, f, key); err != nil {
			return err
		}
		return f.Commit()
	})
}

// files lists the files below root by their names with slashes, without hidden ones.
func files(root string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			return filepath.SkipAll
		}
		if err != nil || entry.IsDir() || entry.Name()[0] == '.' {
			return err
		}
		name, err := filepath.Rel(root, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	return names, err
}

// knownName is a file of the data folder that names the store which has all of it, and
// idKey an object by which it is recognized.
const (
	knownName = ".store"
	idKey     = "store-id"
)

// IsKnown reports whether the store has what the data folder had when it was
// configured.
func (s *Store) IsKnown() bool { return s.knownID() != "" }

// knownID is the id that the store had when the data folder was put into it.
func (s *Store) knownID() string {
	text, err := os.ReadFile(s.file(knownName))
	id, ok := strings.CutPrefix(string(text), s.name+" ")
	if err != nil || !ok {
		return ""
	}
	return strings.TrimSpace(id)
}

// Know says that the store has all of the data folder.
func (s *Store) Know(ctx context.Context) error {
	err := s.Put(ctx, idKey, []byte(uuid.NewString()))
	if err != nil && !errors.Is(err, ErrTaken) {
		return err
	}
	id, err := s.Get(ctx, idKey)
	if err != nil {
		return err
	}
	return durable.WriteFile(s.file(knownName), fmt.Appendf(nil, "%s %s\n", s.name, id), 0o600)
}

// recognize makes sure that the store is the one that is known, a folder each time: one
// that is not mounted would look as if nothing had been sent.
func (s *Store) recognize(ctx context.Context) error {
	s.recognizing.Lock()
	defer s.recognizing.Unlock()
	if s.recognized && s.root == "" {
		return nil
	}
	known := s.knownID()
	if known == "" {
		return nil
	}
	id, err := s.bucket.ReadAll(ctx, idKey)
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return err
	}
	if string(id) != known {
		return errUnknown
	}
	s.recognized = true
	return nil
}

var errUnknown = errors.New("this is not the store that has this data folder: the object " + idKey + " is missing or another one")
