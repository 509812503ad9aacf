package monitor

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/report"
)

func TestAMessageIsShownBySlackAndTeams(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	says := []string{
		"spendbridge on " + host + ": Needs attention: <!channel> & 17 rejected by Productiv (22,161.55 USD)",
		"productive: 17 rejected by Productiv (22,161.55 USD)", "a batch waits",
		"spendbridge settle B --accepted --note WHY", "run 20261120T020000Z-1f3a9c; so since 2026-11-20 02:00 UTC",
	}
	tests := map[string]struct {
		hook string
		card bool
		text string // how it begins after the host
	}{
		"Slack":            {"https://hooks.slack.com/services/hush", false, ": Needs attention: &lt;!channel&gt; &amp; 17"},
		"Teams":            {"https://prod-1.westeurope.logic.azure.com/workflows/hush", true, ": Needs attention: <!channel> & 17"},
		"something else":   {"https://example.com/slack.com", true, ": Needs attention: <!channel> & 17"},
		"not really Slack": {"https://notslack.com/", true, ": Needs attention: <!channel> & 17"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := notification{
				Status: "needs_person", Since: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), Run: "20261120T020000Z-1f3a9c",
				Sources: []concern{{"productive", "17 rejected by Productiv (22,161.55 USD)"}},
				Needs:   []report.Todo{{What: "a batch waits", Commands: []string{"spendbridge settle B --accepted --note WHY"}}},
			}
			n.say("Needs attention: <!channel> & 17 rejected by Productiv (22,161.55 USD)", config.NewSecret(tt.hook))
			if !strings.HasPrefix(n.Text, "spendbridge on "+host+tt.text) {
				t.Errorf("text %q", n.Text)
			}
			if tt.card != (len(n.Attachments) == 1) || tt.card != (n.Type == "message") {
				t.Errorf("type %q with %d cards, want a card: %t", n.Type, len(n.Attachments), tt.card)
			}
			var shown []string
			if tt.card {
				for _, block := range n.Attachments[0].Content.Body {
					shown = append(shown, block.Text)
				}
			} else {
				shown = []string{strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(n.Text)}
			}
			for _, want := range says {
				if !strings.Contains(strings.Join(shown, "\n"), want) {
					t.Errorf("it does not show %q: %q", want, shown)
				}
			}
		})
	}
}

func TestALongMessageFits(t *testing.T) {
	n := notification{}
	for range 5000 {
		n.Needs = append(n.Needs, report.Todo{What: strings.Repeat("batch ", 20), Commands: []string{"spendbridge settle B"}})
	}
	n.say("Needs attention", config.NewSecret("https://example.com"))
	shown, err := json.Marshal(n.Attachments)
	if err != nil || len(shown) > 28_000 || !strings.Contains(n.Text, "and 4990 more: spendbridge status") {
		t.Errorf("%d bytes, %v: %q", len(shown), err, n.Text)
	}
}
