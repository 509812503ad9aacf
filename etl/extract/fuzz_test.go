package extract

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"spendbridge/etl/httpretry"
	"spendbridge/schemas"
)

// Whatever a vendor sends, a page is either taken apart without loss or
// refused: never a crash, never a record overlooked.
func FuzzEnvelope(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `{"data":[]}`, `{"data":{}}`, `{"data":[{"id":"1"}]}`, `{"data":[1]}`, `{"data":null}`,
		`{"data":[{"id":1,"type":"expenses","attributes":{"date":"2026-01-01"}}],"meta":{"total_count":1}}`,
		`{"data":[{"id":"a\nb"}],"included":[{"type":"people","id":"2"}]}`, `{"data":[],"data":[{"id":"2"}]}`,
		`{"errors":[{"title":"no"}]}`, `{"data":[]}{}`, `{"data":[{"id":"1"}`, "\xff", `{"data":[{"id":1e999}]}`,
	} {
		f.Add([]byte(body))
	}
	shapes, err := compileShapes(schemas.FS, "productive")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, e, err := newPage("/x", &httpretry.Response{Status: 200, Body: body}, "expenses", shapes)
		if err != nil {
			return
		}
		_, _ = turn(e, &page)
		var all struct{ Data json.RawMessage }
		if err := json.Unmarshal(body, &all); err != nil && !strings.Contains(err.Error(), "exceeded max depth") {
			t.Fatalf("accepted what is not JSON: %v", err)
		}
		var list []json.RawMessage
		if json.Unmarshal(all.Data, &list) == nil && !page.single && len(list) > len(page.objects) {
			t.Errorf("%d records found of %d", len(page.objects), len(list))
		}
	})
}

// Of a link to the next page only the position is used, so no link can lead
// to another host or change what is asked for.
func FuzzNextLink(f *testing.F) {
	for _, link := range []string{
		"", "https://api.productive.io/api/v2/expenses?page%5Bafter%5D=abc", "//evil.example.com/?page[after]=x", "%zz", "?",
		"?page[after]=a%26filter[date]=b", "http://[::1", "\x00",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		next, err := json.Marshal(map[string]string{"next": link})
		if err != nil {
			return
		}
		e, err := readEnvelope([]byte(`{"data":[],"links":`+string(next)+`}`), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		cursor, err := nextCursor(e)
		if err != nil || cursor == "" {
			return
		}
		params := url.Values{"page[after]": {strings.TrimPrefix(string(cursor), afterMark)}}
		if back, err := url.ParseQuery(params.Encode()); err != nil || len(back) != 1 {
			t.Errorf("cursor %q asks for %v, %v", cursor, back, err)
		}
	})
}
