package warehouse_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
)

func TestWhatIsWrongWithTheBucketOfALakeIsSaid(t *testing.T) {
	lake := etltest.NewLakeInBucket(t)
	lake.Bucket.Credentials = credentials.NewStaticCredentialsProvider("test", "another", "")
	_, err := warehouse.Open(t.Context(), lake.Options(t))
	var bucket *warehouse.BucketError
	if !errors.As(err, &bucket) {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	for _, want := range []string{
		"warehouse/schema.sql", "lake.data_path " + lake.DataPath,
		"SignatureDoesNotMatch", "spendbridge doctor",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in: %s", want, text)
		}
	}
	if strings.Contains(text, "another") || strings.Contains(text, "\n") {
		t.Errorf("got %s", text)
	}
}

func TestALakeHasItsDataElsewhere(t *testing.T) {
	lake := etltest.NewLake(t)
	if err := lake.Open(t).Close(); err != nil {
		t.Fatal(err)
	}
	was := lake.DataPath
	lake.DataPath = t.TempDir()
	_, err := warehouse.Open(t.Context(), lake.Options(t))
	var other *warehouse.OtherDataError
	if !errors.As(err, &other) || !strings.HasPrefix(other.DataPath, was) {
		t.Errorf("got %v", err)
	}
}

// The credentials of a role expire while a job is at work.
func TestTheCredentialsForALakeAreRenewed(t *testing.T) {
	lake := etltest.NewLakeInBucket(t)
	var valid atomic.Pointer[string] // the only token that the bucket accepts
	expire := func(next string) { valid.Store(&next) }
	expire("one")
	lake.Bucket.Endpoint = demandToken(t, lake.Bucket, &valid)
	role := func(context.Context) (aws.Credentials, error) {
		token := *valid.Load()
		return aws.Credentials{
			AccessKeyID: "role", SecretAccessKey: "secret of " + token, SessionToken: token,
		}, nil
	}
	lake.Bucket.Credentials = aws.CredentialsProviderFunc(role)
	db := lake.Open(t)
	write := func(r warehouse.Runner) {
		t.Helper()
		args := warehouse.Args{"source": "one", "journal": "one", "bytes": 1}
		if _, err := r.Exec(t.Context(), "extract/journal.add", args); err != nil {
			t.Fatal(err)
		}
		var tables int
		if err := r.Get(t.Context(), "job/lake.flush", nil, &tables); err != nil || tables == 0 {
			t.Fatalf("%d tables are written, %v", tables, err)
		}
	}
	write(db)
	expire("two")
	write(db)
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		expire("three")
		args := warehouse.Args{"source": "one"}
		return tx.Each(t.Context(), "extract/journal.list", args, func(*sql.Rows) error { return nil })
	})
	if err != nil {
		t.Error(err)
	}
}

// demandToken refuses all requests to a bucket but those with a token.
func demandToken(t *testing.T, bucket warehouse.Bucket, valid *atomic.Pointer[string]) string {
	t.Helper()
	target, err := url.Parse(bucket.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	account, err := bucket.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("X-Amz-Security-Token") // the server knows none
		body := r.In.Header.Get("X-Amz-Content-Sha256")
		err := v4.NewSigner().SignHTTP(t.Context(), account, r.Out, body, "s3", bucket.Region, time.Now())
		if err != nil {
			t.Error(err)
		}
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Security-Token") != *valid.Load() {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "<Error><Code>ExpiredToken</Code></Error>")
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
