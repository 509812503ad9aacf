package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"spendbridge/etl/sandbox"
)

// include is what a client of ours asks for.
const include = "&include=person,vendor,service_type,purchase_order,creator"

// BenchmarkExpenses reads a whole history over loopback, 200 records a page, by
// page number. One operation is one history.
func BenchmarkExpenses(b *testing.B) {
	for _, n := range []int{30_000, 300_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := start(b, sandbox.Options{Expenses: n})
			b.ResetTimer()
			for range b.N {
				var bytes int64
				for number := 1; number <= (n+199)/200; number++ {
					query := fmt.Sprintf("page[size]=200&sort=id&page[number]=%d", number)
					bytes += drain(b, s.ProductiveURL()+"/expenses?"+escape(query+include))
				}
				b.SetBytes(bytes)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func drain(b *testing.B, url string) int64 {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), "GET", url, nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, value := range productiveHeaders {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || response.StatusCode != 200 {
		b.Fatal(response.Status, err)
	}
	return n
}

func BenchmarkNew(b *testing.B) {
	for range b.N {
		sandbox.New(sandbox.Options{Expenses: 1_000_000})
	}
}

// BenchmarkPublish posts batches of 1000 records over loopback.
func BenchmarkPublish(b *testing.B) {
	s := start(b, sandbox.Options{Productiv: sandbox.Productiv{CountOnly: true}})
	header := productivHeaders(b, s)
	records := make([]string, 1000)
	for i := range records {
		records[i] = finance
	}
	b.ResetTimer()
	for range b.N {
		if r := post(b, s, header, records...); r.status != 200 {
			b.Fatal(r.status)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "records/s")
}
