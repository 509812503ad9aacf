package warehouse

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// A Bucket is the access to an object store.
type Bucket struct {
	KeyID, Secret, Token string
	Region               string
	Endpoint             string // empty means the one of AWS
	PathStyle            bool
}

// secret is the statement that gives DuckDB the access to the bucket.
func (b Bucket) secret() setting {
	args := Args{
		"key_id": b.KeyID, "secret": b.Secret, "session_token": b.Token,
		"region": b.Region, "endpoint": "s3.amazonaws.com", "url_style": "vhost", "use_ssl": true,
	}
	if u, err := url.Parse(b.Endpoint); err == nil && b.Endpoint != "" {
		args["endpoint"], args["use_ssl"] = cmp.Or(u.Host, b.Endpoint), u.Scheme != "http"
	}
	if b.PathStyle {
		args["url_style"] = "path"
	}
	return setting{file: "warehouse/instance.add_secret", args: args}
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
	return fmt.Sprintf("lake.data_path %s: %s; spendbridge doctor examines the bucket and suggests a fix",
		e.DataPath, strings.Join(strings.Fields(said), " "))
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
	return fmt.Sprintf("its catalog says that its data is in %s; set lake.data_path to that", e.DataPath)
}

// otherData matches what DuckLake says then.
var otherData = regexp.MustCompile(`does not match existing data path in the catalog "([^"]*)"`)
