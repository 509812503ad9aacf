// Package store keeps what must outlive this machine in an object store or a
// mounted folder: pages with news, journals, sent files with their answers,
// decisions, claims and snapshots.
//
// Objects are immutable: they are written only if nothing is there. Those of the
// data folder's files have the same names, relative to it, so that the data folder
// is a copy that can be made again. Only snapshots/latest.json is ever replaced.
package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/s3blob"
	"golang.org/x/sync/errgroup"

	"spendbridge/etl/config"
	"spendbridge/etl/durable"
)

// How long one request may take, with the repetitions of its client: a small one, and
// one that moves a whole file.
const (
	patience     = time.Minute
	filePatience = 15 * time.Minute
)

// renewBefore is how long before they expire the credentials of a role are renewed: as
// long as a statement of DuckDB's may take that reads or writes a bucket.
const renewBefore = 5 * time.Minute

// createTries is how often an object is written that the store refuses and does not have.
const createTries = 8

// atOnce is how many objects are transferred in parallel.
const atOnce = 16

// A Store is where a data folder's files are kept. A nil Store is one that is not
// configured: it keeps nothing and has nothing.
type Store struct {
	bucket *blob.Bucket
	key    string // of its address in the configuration
	name   string // its address, as configured
	folder string // the data folder
	root   string // of a store that is a folder; else empty

	recognizing sync.Mutex
	recognized  bool
}

// Open returns the store that the configuration names, or nil if it names none.
// It sends no request.
func Open(ctx context.Context, c *config.Config) (*Store, error) {
	if c.Store == "" {
		return nil, nil
	}
	return open(ctx, "store", c.Store, c)
}

// OpenLakeData returns the place of a lake's data, to be probed. It sends no request.
func OpenLakeData(ctx context.Context, c *config.Config) (*Store, error) {
	return open(ctx, "lake.data_path", c.Lake.DataPath, c)
}

func open(ctx context.Context, key, name string, c *config.Config) (*Store, error) {
	address, err := &url.URL{Path: name}, error(nil)
	if strings.Contains(name, "://") {
		address, err = url.Parse(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	s := &Store{key: key, name: name, folder: c.DataDir}
	inside := strings.Trim(address.Path, "/")
	if address.Scheme == "s3" {
		s.bucket, err = openBucket(ctx, address.Host, c.S3)
	} else {
		s.root, inside = filepath.FromSlash(address.Path), ""
		s.bucket, err = openFolder(s.root)
	}
	if err != nil {
		return nil, s.fault("open", "", err)
	}
	if inside != "" {
		s.bucket = blob.PrefixedBucket(s.bucket, inside+"/")
	}
	return s, nil
}

func openFolder(root string) (*blob.Bucket, error) {
	if err := durable.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	return fileblob.OpenBucket(root, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
}

// Access returns how a bucket is reached: what the configuration says, and else what
// the AWS SDK finds in the environment, its files and the machine's role.
func Access(ctx context.Context, c config.S3) (aws.Config, error) {
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = renewBefore
		}),
	}
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	}
	if c.KeyID.IsSet() {
		options = append(options, awsconfig.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.KeyID.Reveal(), c.Secret.Reveal(), "")))
	}
	found, err := awsconfig.LoadDefaultConfig(ctx, options...)
	found.Region = cmp.Or(found.Region, "us-east-1") // most other stores accept any
	return found, err
}

func openBucket(ctx context.Context, bucket string, c config.S3) (*blob.Bucket, error) {
	loaded, err := Access(ctx, c)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	})
	return s3blob.OpenBucket(ctx, client, bucket, nil)
}

// Name is the store's address, as configured, or "".
func (s *Store) Name() string {
	if s == nil {
		return ""
	}
	return s.name
}

// Close releases the connection.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	return s.bucket.Close()
}

// ErrTaken says that another object is there already.
var ErrTaken = errors.New("another object is there already")

// Put writes an object that is not there yet. If it is there with the same content,
// an earlier try succeeded; with another one the error is [ErrTaken].
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	if s == nil {
		return nil
	}
	err := s.create(ctx, key, bytes.NewReader(data))
	if !errors.Is(err, ErrTaken) {
		return err
	}
	found, failed := s.Get(ctx, key)
	if failed != nil {
		return failed
	}
	if !bytes.Equal(found, data) {
		return err
	}
	return nil
}

// PutFiles writes files of the data folder whose names depend on their content.
func (s *Store) PutFiles(ctx context.Context, keys ...string) error {
	if s == nil {
		return nil
	}
	return each(ctx, keys, func(ctx context.Context, key string) error {
		if err := s.Upload(ctx, key, s.file(key)); !errors.Is(err, ErrTaken) {
			return err
		}
		return nil
	})
}

// Upload writes a file as an object that is not there yet.
func (s *Store) Upload(ctx context.Context, key, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.create(ctx, key, f)
}

// request sends one request, with a limit. It makes sure first that the store is the
// right one.
func (s *Store) request(ctx context.Context, patience time.Duration, verb, key string, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.recognize(ctx)
	if err == nil {
		err = send(ctx)
	}
	return s.fault(verb, key, err)
}

// create writes an object only if there is none. What a machine that was killed
// has sent is there whole, or not at all. A store may refuse an object as taken
// before the other one can be read, or just after it was deleted: so the refusal
// counts once there is one, and until then the object is written again.
func (s *Store) create(ctx context.Context, key string, from io.ReadSeeker) error {
	waits := retry.NewExponentialJitterBackoff(time.Second)
	for try := 1; ; try++ {
		err := s.createOnce(ctx, key, from)
		if !errors.Is(err, ErrTaken) {
			return err
		}
		there, failed := s.has(ctx, key)
		switch {
		case failed != nil:
			return failed
		case there:
			return err
		case try == createTries:
			return &Error{
				Where: fmt.Sprintf("%s %s: write %s", s.key, s.name, key),
				Err:   errors.New("it refuses the object as one that it has, and does not have it"),
				Fix:   "repair the store: a part of what it knows of this object may have been lost",
			}
		}
		wait, _ := waits.BackoffDelay(try, err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (s *Store) createOnce(ctx context.Context, key string, from io.ReadSeeker) error {
	return s.request(ctx, filePatience, "write", key, func(ctx context.Context) error {
		if _, err := from.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if s.root != "" {
			return s.link(key, from)
		}
		return s.write(ctx, key, from, &blob.WriterOptions{IfNotExist: true})
	})
}

// has says whether an object is there.
func (s *Store) has(ctx context.Context, key string) (there bool, err error) {
	err = s.request(ctx, patience, "read", key, func(ctx context.Context) (err error) {
		there, err = s.bucket.Exists(ctx, key)
		return err
	})
	return there, err
}

func (s *Store) write(ctx context.Context, key string, from io.Reader, options *blob.WriterOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options.ContentType = "application/octet-stream"
	w, err := s.bucket.NewWriter(ctx, key, options)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, from); err != nil {
		cancel() // or Close would write what there is
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// Replace writes an object, whatever is there.
func (s *Store) Replace(ctx context.Context, key string, data []byte) error {
	return s.request(ctx, patience, "write", key, func(ctx context.Context) error {
		if s.root != "" {
			return durable.WritePrivate(s.inside(key), data)
		}
		return s.write(ctx, key, bytes.NewReader(data), &blob.WriterOptions{})
	})
}

// Copy has the store copy an object to where there is none.
func (s *Store) Copy(ctx context.Context, to, from string) error {
	if s.root != "" {
		return s.Upload(ctx, to, s.inside(from))
	}
	return s.request(ctx, filePatience, "copy", from, func(ctx context.Context) error {
		return s.bucket.Copy(ctx, to, from, nil)
	})
}

// Get returns an object's content, or [fs.ErrNotExist].
func (s *Store) Get(ctx context.Context, key string) (data []byte, err error) {
	if s == nil {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	err = s.request(ctx, patience, "read", key, func(ctx context.Context) (err error) {
		data, err = s.bucket.ReadAll(ctx, key)
		return err
	})
	return data, err
}

// ReadTo copies an object's content, or returns [fs.ErrNotExist].
func (s *Store) ReadTo(ctx context.Context, w io.Writer, key string) error {
	return s.request(ctx, filePatience, "read", key, func(ctx context.Context) error {
		return s.bucket.Download(ctx, key, w, nil)
	})
}

// Keys lists the objects whose keys begin with prefix, in order.
func (s *Store) Keys(ctx context.Context, prefix string) (keys []string, err error) {
	if s == nil {
		return nil, nil
	}
	err = s.list(ctx, &blob.ListOptions{Prefix: prefix}, func(object *blob.ListObject) {
		if !strings.HasPrefix(path.Base(object.Key), temporary) {
			keys = append(keys, object.Key)
		}
	})
	slices.Sort(keys)
	return keys, err
}

// Folders lists what follows prefix up to the next slash, in the keys that have one.
func (s *Store) Folders(ctx context.Context, prefix string) (names []string, err error) {
	err = s.list(ctx, &blob.ListOptions{Prefix: prefix, Delimiter: "/"}, func(object *blob.ListObject) {
		if object.IsDir {
			names = append(names, path.Base(object.Key))
		}
	})
	return names, err
}

func (s *Store) list(ctx context.Context, options *blob.ListOptions, each func(*blob.ListObject)) error {
	return s.request(ctx, patience, "list", options.Prefix, func(ctx context.Context) error {
		objects := s.bucket.List(options)
		for {
			object, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			each(object)
		}
	})
}

// Delete removes an object. One that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.request(ctx, patience, "delete", key, func(ctx context.Context) error {
		return s.bucket.Delete(ctx, key)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// file is where the data folder has what the store has under a key.
func (s *Store) file(key string) string { return filepath.Join(s.folder, filepath.FromSlash(key)) }

// inside is where a store that is a folder has it.
func (s *Store) inside(key string) string { return filepath.Join(s.root, filepath.FromSlash(key)) }

// temporary begins the names of files that a folder holds while they are written.
const temporary = ".put-"

// link writes a file of a store that is a folder. A link is made only if nothing
// has that name, on whichever machine, and after the content is on the disk.
func (s *Store) link(key string, from io.Reader) error {
	target := s.inside(key)
	if err := durable.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(target), temporary+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), target); err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(target))
}

// each calls do for all keys, some in parallel, and stops at the first error.
func each(ctx context.Context, keys []string, do func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, key := range keys {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, key)
		})
	}
	return group.Wait()
}
