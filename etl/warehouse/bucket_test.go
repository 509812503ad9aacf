package warehouse_test

import (
	"errors"
	"strings"
	"testing"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
)

func TestWhatIsWrongWithTheBucketOfALakeIsSaid(t *testing.T) {
	lake := etltest.NewLakeInBucket(t)
	lake.Bucket.Secret = "another"
	_, err := warehouse.Open(t.Context(), lake.Options(t))
	var bucket *warehouse.BucketError
	if !errors.As(err, &bucket) {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	for _, want := range []string{"warehouse/schema.sql", "lake.data_path " + lake.DataPath, "SignatureDoesNotMatch", "spendbridge doctor"} {
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
	if !errors.As(err, &other) || !strings.HasPrefix(other.DataPath, was) || !strings.Contains(err.Error(), "set lake.data_path to that") {
		t.Errorf("got %v", err)
	}
}
