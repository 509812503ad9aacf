package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExamplesThatNobodyReplacedAreFound(t *testing.T) {
	local := strings.NewReplacer(
		"# base_url: https://api.productive.io", "base_url: http://127.0.0.1:1",
		"https://acme.procurify.com", "http://localhost:2",
		"# base_url: https://public-api.productiv.com", "base_url: http://[::1]:3",
	)
	filled := strings.NewReplacer(`"517"`, `"4711"`, "acme", "globex", "app-1", "app-7")
	tests := map[string]struct {
		text string
		want []string
	}{
		"as init writes it": {string(Template), []string{
			"sources.productive.organization_id", "sources.procurify.base_url", "sources.procurify.domain", "productiv.app_id",
		}},
		"for the sandbox":      {local.Replace(string(Template)), nil},
		"filled in":            {filled.Replace(string(Template)), nil},
		"with one left":        {strings.Replace(filled.Replace(string(Template)), "app-7", "app-1", 1), []string{"productiv.app_id"}},
		"a source of any name": {strings.Replace(whole, "  productive:", "  berlin:\n    kind: productive", 1), []string{"sources.berlin.organization_id", "productiv.app_id"}},
		"applications by source": {
			strings.NewReplacer(`"517"`, `"4711"`, "app_id: app-1", "app_ids: {productive: app-1}").Replace(whole),
			[]string{"productiv.app_ids.productive"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := parse(t, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range c.Examples(kinds) {
				got = append(got, e.Key)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("examples (-want +got):\n%s", diff)
			}
		})
	}
}
