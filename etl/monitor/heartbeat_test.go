package monitor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

func TestAHeartbeatIsSentUntilItArrives(t *testing.T) {
	tests := map[string]struct {
		answers []int
		want    string // the error, empty for none
	}{
		"at once":         {[]int{200}, ""},
		"at the third":    {[]int{503, 429, 204}, ""},
		"never":           {[]int{503, 503, 503}, "notify.heartbeat_url answered 503"},
		"to an old check": {[]int{404}, "notify.heartbeat_url answered 404"},
		"elsewhere":       {[]int{302}, "notify.heartbeat_url answered 302"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // there are pauses between tries
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", r.URL.Path)
				w.WriteHeader(tt.answers[min(len(asked), len(tt.answers)-1)])
				asked = append(asked, r.Method+" "+r.URL.String())
				w.Write([]byte(r.URL.Path))
			}))
			defer server.Close()
			err := beat(t, server.URL+"/ping/hush-hush?rid=hush")
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells the address: %v", err)
			}
			if len(asked) != len(tt.answers) || asked[0] != "GET /ping/hush-hush?rid=hush" {
				t.Errorf("it was asked %q", asked)
			}
		})
	}
}

func TestAHeartbeatWithoutAServiceKeepsItsAddress(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if err := beat(t, server.URL+"/ping/hush-hush"); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want an error that keeps the address", err)
	}
	if err := beat(t, ""); err != nil {
		t.Errorf("without an address: %v", err)
	}
}

func beat(t *testing.T, address string) error {
	t.Helper()
	c := config.Default()
	c.Notify.HeartbeatURL = config.NewSecret(address)
	return Heartbeat(t.Context(), c, &etl.Redactor{})
}
