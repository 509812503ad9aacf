package sandbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
)

func TestParseFaults(t *testing.T) {
	tests := map[string]struct {
		text string
		want []sandbox.Fault
	}{
		"nothing":      {"", nil},
		"always":       {"productiv:403", []sandbox.Fault{{API: "productiv", Kind: "403"}}},
		"one request":  {"productive:429@3", []sandbox.Fault{{API: "productive", Kind: "429", At: 3, Times: 1}}},
		"several":      {"productiv:5xx-after-store@2x3", []sandbox.Fault{{API: "productiv", Kind: "5xx-after-store", At: 2, Times: 3}}},
		"a share":      {"all:transport~2.5%", []sandbox.Fault{{API: "all", Kind: "transport", Rate: 2.5}}},
		"an argument":  {"productiv:poison=Very Bad GmbH", []sandbox.Fault{{API: "productiv", Kind: "poison", Arg: "Very Bad GmbH"}}},
		"a firewall":   {"productiv:firewall=<script>", []sandbox.Fault{{API: "productiv", Kind: "firewall", Arg: "<script>"}}},
		"a closed one": {"procurify:firewall@2x3", []sandbox.Fault{{API: "procurify", Kind: "firewall", At: 2, Times: 3}}},
		"two, spaced":  {"procurify:drop@5, productiv-token:5xx", []sandbox.Fault{{API: "procurify", Kind: "drop", At: 5, Times: 1}, {API: "productiv-token", Kind: "5xx"}}},
		"slow by far":  {"productive:slow=30s@1", []sandbox.Fault{{API: "productive", Kind: "slow", Arg: "30s", At: 1, Times: 1}}},
		"page drift":   {"procurify:swap@2", []sandbox.Fault{{API: "procurify", Kind: "swap", At: 2, Times: 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := sandbox.ParseFaults(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseFaultsNamesTheBadWord(t *testing.T) {
	tests := map[string]string{
		"429":                          `fault "429": no colon`,
		"productive:429@3,product:429": `fault "product:429": unknown API "product"; one of productive`,
		"productive:4299":              `fault "productive:4299": unknown kind "4299"; one of 429`,
		"productive:":                  `fault "productive:": unknown kind ""`,
		"productive:429@0":             `fault "productive:429@0": position "0"`,
		"productive:429@1x":            `fault "productive:429@1x": position "1x"`,
		"productive:429~5":             `fault "productive:429~5": rate "5" is not a percentage`,
		"productive:429~0%":            `rate "0%"`,
		"productive:429~NaN%":          `rate "NaN%"`,
		"productive:429=5":             `kind "429" takes no argument`,
		"productive:slow=long":         `slow=long: "long" is not a time`,
		"productive:slow=-1s":          `"-1s" is not a time`,
		"productive:poison=x":          `poison needs productiv and a text`,
		"productiv:poison":             `poison needs productiv and a text`,
		"productiv:poison=x@2":         `poison needs productiv and a text, and no position`,
		"productive:firewall=x":        `firewall needs productiv and a text`,
		"productiv:firewall=x~5%":      `firewall needs productiv and a text, and no position`,
		"productiv:swap@2":             `swap happens at productive or procurify only`,
		"productiv:slow-after-store":   `unknown kind "slow-after-store"`,
	}
	for text, want := range tests {
		if _, err := sandbox.ParseFaults(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseFaults(%q): %v, want %s", text, err, want)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	for _, text := range []string{"productive:429@3x2", "all:any~5%", "productiv:poison=a@2", "x:y", ",,", "productive:slow=1s~.5%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		faults, err := sandbox.ParseFaults(text)
		if err != nil {
			return
		}
		for _, f := range faults {
			if byRate, byPlace := f.Rate != 0, f.At != 0; f.Kind == "" || f.Rate < 0 || f.Rate > 100 || byRate && byPlace || byPlace != (f.Times > 0) {
				t.Errorf("%q is %+v", text, f)
			}
		}
	})
}
