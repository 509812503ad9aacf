package etltest

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/uuid"

	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// lakeExtensions names the environment variable with the folder of DuckDB's
// extensions. PostgreSQL's own variables, such as PGHOST, say where the catalogs of
// lakes are made; see .ci/lake.
const lakeExtensions = "SPENDBRIDGE_TEST_LAKE"

// TestBucket names the environment variable with the address of an S3 server for tests;
// see .ci/store.
const TestBucket = "SPENDBRIDGE_TEST_S3"

// everythingOnLake names the environment variable that has tests of the transform and of
// the sources run on lakes of their own, which takes long.
const everythingOnLake = "SPENDBRIDGE_TEST_EVERYTHING_ON_LAKE"

// Place puts a warehouse that would be in memory into a new lake if that is asked for.
func Place(t testing.TB, opts warehouse.Options) warehouse.Options {
	t.Helper()
	if os.Getenv(everythingOnLake) == "" || opts.Location != "" {
		return opts
	}
	lake := NewLake(t)
	opts.Location = lake.Location
	opts.Lake = &warehouse.Lake{DataPath: lake.DataPath, Extensions: lake.Extensions}
	return opts
}

// A Lake is a new, empty one, for tests: a database and a folder, or a place in a bucket.
type Lake struct {
	Location             string
	DataPath, Extensions string
	Bucket               warehouse.Bucket
}

// HasLakes reports whether there is a PostgreSQL for tests.
func HasLakes() bool { return os.Getenv(lakeExtensions) != "" }

// NewLake makes a lake that lives as long as the test. Without a PostgreSQL for tests
// it skips the test.
func NewLake(t testing.TB) Lake {
	t.Helper()
	if !HasLakes() {
		t.Skip("needs a PostgreSQL: make test-lake")
	}
	name := "lake_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	command(t, "createdb", name)
	t.Cleanup(func() { command(t, "dropdb", "--force", name) })
	return Lake{
		Location: "ducklake:postgres:dbname=" + name,
		DataPath: t.TempDir(), Extensions: os.Getenv(lakeExtensions),
	}
}

// NewLakeInBucket makes a lake with its data in a bucket. Without a bucket for tests it
// skips the test.
func NewLakeInBucket(t testing.TB) Lake {
	t.Helper()
	endpoint := os.Getenv(TestBucket)
	if endpoint == "" {
		t.Skip("needs a bucket beside PostgreSQL: make test-lake")
	}
	l := NewLake(t)
	l.DataPath = "s3://test-bucket/" + uuid.NewString()
	l.Bucket = warehouse.Bucket{
		Credentials: credentials.NewStaticCredentialsProvider("test", "testsecret", ""),
		Region:      "us-east-1", Endpoint: endpoint, PathStyle: true,
	}
	return l
}

// Name is the name of the catalog's database.
func (l Lake) Name() string { return strings.TrimPrefix(l.Location, "ducklake:postgres:dbname=") }

// Configuration is what a configuration says of the lake.
func (l Lake) Configuration() string {
	return fmt.Sprintf("warehouse: %q\nlake: {data_path: %q}\nextensions: %q\n", l.Location, l.DataPath, l.Extensions)
}

// Options say how the lake is opened.
func (l Lake) Options(t testing.TB) warehouse.Options {
	return warehouse.Options{
		Location: l.Location,
		Lake:     &warehouse.Lake{DataPath: l.DataPath, Extensions: l.Extensions, Bucket: l.Bucket},
		Files:    sqlfiles.FS, MemoryLimit: "1GB", Threads: 1, TempDir: t.TempDir(),
	}
}

// Open opens the lake, as a worker of its own.
func (l Lake) Open(t testing.TB) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), l.Options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Files lists the files of a lake in a folder.
func (l Lake) Files(t testing.TB) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(l.DataPath, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// CutLock has PostgreSQL end the connection that holds the lock, as an administrator
// or a broken network would.
func (l Lake) CutLock(t testing.TB) {
	t.Helper()
	l.psql(t, "cut_lock.sql")
}

// MakeOlder makes the catalog say that it listed files for deletion two days earlier.
func (l Lake) MakeOlder(t testing.TB) {
	t.Helper()
	l.psql(t, "make_older.sql")
}

// CatalogSize returns how many bytes the catalog takes.
func (l Lake) CatalogSize(t testing.TB) int64 {
	t.Helper()
	size, err := strconv.ParseInt(strings.TrimSpace(l.psql(t, "catalog_size.sql")), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// psql runs a file on the catalog's database.
func (l Lake) psql(t testing.TB, file string) (out string) {
	t.Helper()
	return command(t, "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--dbname", l.Name(), "--file", Data("lake", file))
}

func command(t testing.TB, name string, args ...string) (out string) {
	t.Helper()
	text, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, text)
	}
	return string(text)
}
