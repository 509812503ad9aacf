package warehouse

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	duckdb "github.com/duckdb/duckdb-go/v2"
)

// A Bucket is the access to an object store.
type Bucket struct {
	Credentials aws.CredentialsProvider // asked all the time: those of a role expire
	Region      string
	Endpoint    string // empty means the one of AWS
	PathStyle   bool
}

// secret is the statement that gives DuckDB the access to the bucket.
func (b Bucket) secret(keys aws.Credentials) setting {
	args := Args{
		"key_id": keys.AccessKeyID, "secret": keys.SecretAccessKey,
		"session_token": keys.SessionToken, "region": b.Region,
		"endpoint": "s3.amazonaws.com", "url_style": "vhost", "use_ssl": true,
	}
	if u, err := url.Parse(b.Endpoint); err == nil && b.Endpoint != "" {
		args["endpoint"], args["use_ssl"] = cmp.Or(u.Host, b.Endpoint), u.Scheme != "http"
	}
	if b.PathStyle {
		args["url_style"] = "path"
	}
	return setting{file: "warehouse/instance.add_secret", args: args}
}

// An access keeps the credentials current that DuckDB has for the bucket of a lake. It is
// nil if there is no bucket.
type access struct {
	bucket Bucket
	duck   *duckdb.Connector
	files  *files

	mu    sync.Mutex
	given aws.Credentials
}

func newAccess(lake *Lake, duck *duckdb.Connector, files *files) *access {
	if lake == nil || !lake.inBucket() {
		return nil
	}
	return &access{bucket: lake.Bucket, duck: duck, files: files}
}

// renew gives DuckDB the credentials unless it has them already. It does so on a
// connection of its own: within a transaction they would be part of it.
func (a *access) renew(ctx context.Context) error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	keys, err := a.bucket.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("lake.data_path: renew the credentials: %w", err)
	}
	keys = aws.Credentials{
		AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey,
		SessionToken: keys.SessionToken,
	}
	if keys == a.given {
		return nil
	}
	conn, err := a.duck.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	secret := []setting{a.bucket.secret(keys)}
	if err := runSettings(conn.(driver.ExecerContext), a.files, secret); err != nil {
		return err
	}
	a.given = keys
	return nil
}

// A BucketError says that DuckDB could not use the bucket with the data of a lake.
type BucketError struct {
	DataPath string
	Err      *duckdb.Error
}

func (e *BucketError) Error() string {
	said := e.Err.Msg
	if _, cause, found := strings.Cut(said, "\nError: "); found {
		said = cause
	}
	line := strings.Join(strings.Fields(said), " ")
	return fmt.Sprintf("lake.data_path %s: %s; "+
		"spendbridge doctor examines the bucket and suggests a fix", e.DataPath, line)
}

func (e *BucketError) Unwrap() error { return e.Err }

// fault adds the bucket to an error of DuckDB's about it. Other errors stay as they are.
func (l *Lake) fault(err error) error {
	var duck *duckdb.Error
	if l == nil || !l.inBucket() || !errors.As(err, &duck) || !strings.Contains(duck.Msg, "HTTP") {
		return err
	}
	return &BucketError{l.DataPath, duck}
}

// An OtherDataError says that a lake has its data elsewhere.
type OtherDataError struct{ DataPath string }

func (e *OtherDataError) Error() string {
	const text = "its catalog says that its data is in %s; set lake.data_path to that"
	return fmt.Sprintf(text, e.DataPath)
}

// otherData matches what DuckLake says then.
var otherData = regexp.MustCompile(`does not match existing data path in the catalog "([^"]*)"`)
