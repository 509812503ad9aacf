package extract

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

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
		if err := json.Unmarshal(body, &all); err != nil {
			if len(page.faults()) == 0 {
				t.Fatalf("found nothing wrong with what is not JSON: %v", err)
			}
			return
		}
		var list []json.RawMessage
		if json.Unmarshal(all.Data, &list) == nil && !page.single && len(list) > len(page.objects) {
			t.Errorf("%d records found of %d", len(page.objects), len(list))
		}
	})
}

// What is stepped over is what a decoder accepts, to the byte.
func FuzzWalk(f *testing.F) {
	for _, body := range []string{
		``, `{}`, ` { "data" : [ ] } `, `{"data":[{"id":"1","a":[1,-0,2.5e-3,{"b":null}],"c":true,"d":false}],"meta":{"x":[1]}}`,
		`{"data":{"id":7,"type":"expenses"},"included":[{"type":"people","id":"2"}]}`, `{"data":[{"id":"1"},{"id":"1"}]}`,
		`{"data":[{"id":"\u0031","n":"a\\\"b\u00e9"}]}`, `{"data":[{"id":"1","n":"\ud83d"}]}`, `{"data":[{"\u0069d":"1"}]}`, "{\"data\":[{\"id\":\"a\tb\"}]}",
		`{"data":[{"id":"1","id":"2"}]}`, `{"data":[],"data":[]}`, `{"data":[1]}`, `{"data":[{"id":01}]}`, `{"data":[{"id":1.}]}`, `{"data":[{"id":"1"},]}`,
		`{"data":[{"id":"1",}]}`, `{"data":[{"id" "1"}]}`, `{"data":[nul]}`, `{"data":[]}{}`, `{"data":[]} x`, `{"data":null,"included":{}}`, "{\"data\":[]}\x00", "\xff", `{"a":"\x"}`,
		`{"data":[` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `]}`, `{"data":[{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}]}`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		`"\ud83d\ude00"`, `"\uD83D\uDE0"`, `"\ude00\ud83d"`, `"\ud83d\ud83d"`, `"\ud83dxxude00"`, `"\u12_4"`, `"\u+123"`, `"\ufffd"`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var o outline
		s := &scanner{text: body}
		ok := s.walk(&o, 1) && utf8.Valid(body[:s.at])
		decoder := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true))
		value, err := decoder.ReadValue()
		if ok != (err == nil) {
			t.Fatalf("valid: %t, and the decoder says %v", ok, err)
		}
		var object struct {
			ID   any `json:"id"`
			Type any `json:"type"`
		}
		switch {
		case !ok:
		case s.at != int(decoder.InputOffset()):
			t.Errorf("stepped over %q, want %q", body[:s.at], value)
		case json.Unmarshal(value, &object) == nil && o.ids == 1:
			if id, isText := object.ID.(string); isText && isPlainID(id) && o.id != id {
				t.Errorf("id %q, want %q", o.id, id)
			}
			if kind, isText := object.Type.(string); isText && o.kind != kind {
				t.Errorf("type %q, want %q", o.kind, kind)
			}
		}
	})
}

// A quote, a backslash or a control character ends what is simply part of a string,
// wherever among the eight bytes of a step it is, and whatever is around it.
func TestOnlySpecialBytesEndPlainText(t *testing.T) {
	for c := range 256 {
		for _, around := range []byte{'a', ' ', '!', '#', '[', ']', 0x7f, 0x80, 0xa2, 0xdc, 0xff} {
			for at := range 19 {
				text := bytes.Repeat([]byte{around}, 19)
				text[at] = byte(c)
				want := len(text)
				if c < ' ' || c == '"' || c == '\\' {
					want = at
				}
				if got := plain(text); got != want {
					t.Fatalf("%q ends at %d, want %d", text, got, want)
				}
			}
		}
	}
}

// The objects of a page are where encoding/json finds them, and a page that was
// mended is JSON, with as many objects.
func FuzzMend(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"id":"1","a":"]}\\\""},[2],"x",null,-1.5e3],"included":[{}],"meta":{"data":[1]}}`, `{"data":{"id":"1"}}`, `{}`, ` { "data" : [ ] } `,
		`{"data":[{"id":"\ud83d"},{"id":"\q"},"a
b"],"included":["\x"]}`, `{"data":[{]}`, `{"data":[1,]}`, `{"data":[1 2]}`, `{"data":[tru:e]}`, `{"data":"x","included":{}}`, `{"data":[],"data":[]}`, `{"data":[]}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := readEnvelope(body, "", nil)
		var page struct {
			Data     json.RawMessage `json:"data"`
			Included json.RawMessage `json:"included"`
		}
		if err != nil {
			return
		}
		var data, included []json.RawMessage
		if json.Unmarshal(body, &page) == nil && json.Unmarshal(page.Data, &data) == nil && e.hasData && !e.single {
			if !slices.EqualFunc(e.data, data, func(a object, b json.RawMessage) bool { return bytes.Equal(a.raw, b) }) {
				t.Errorf("found %+v, want %q", e.data, data)
			}
		}
		var faults []fault
		for i := range len(e.data) + len(e.included) {
			faults = append(faults, fault{Ordinal: i + 1, Opaque: true})
		}
		mended, err := mend(body, faults)
		if err != nil || !json.Valid(mended) && e.hasData {
			t.Fatalf("mended to %q, %v", mended, err)
		}
		if json.Unmarshal(mended, &page) == nil && json.Unmarshal(page.Data, &data) == nil && len(data) != len(e.data) {
			t.Errorf("%d records after %d", len(data), len(e.data))
		}
		if json.Unmarshal(page.Included, &included) == nil && len(included) != len(e.included) {
			t.Errorf("%d included objects after %d", len(included), len(e.included))
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
