package httpretry

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestABodyIsReadWithoutAByteOrderMark(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("\xef\xbb\xbf{\"a\": \"\xef\xbb\xbf\"}"))
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := New(Options{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\"a\": \"\xef\xbb\xbf\"}"; string(resp.Body) != want {
		t.Errorf("body %q, want %q", resp.Body, want)
	}
}
