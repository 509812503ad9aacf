package monitor

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
	"spendbridge/etl/warehouse"
)

// A notification is what the webhook gets. Slack shows its text, Teams its attachment;
// both say it all.
type notification struct {
	Text    string        `json:"text"`
	Status  string        `json:"status"`
	Since   time.Time     `json:"since"`
	Run     etl.RunID     `json:"run_id"`
	Host    string        `json:"host"`
	Sources []concern     `json:"sources"`
	Needs   []report.Todo `json:"needs"`
	Report  string        `json:"report,omitempty"` // its path on the host

	Type        string       `json:"type,omitempty"`
	Attachments []attachment `json:"attachments,omitempty"`
}

// A concern is what is not well with one source, and its money.
type concern struct {
	Source string `json:"source"`
	What   string `json:"what"`
}

// An attachment is an adaptive card, the form of messages that Teams takes.
type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

type card struct {
	Schema  string      `json:"$schema"`
	Type    string      `json:"type"`
	Version string      `json:"version"`
	Body    []textBlock `json:"body"`
}

type textBlock struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Wrap     bool   `json:"wrap"`
	Weight   string `json:"weight,omitempty"`
	FontType string `json:"fontType,omitempty"`
}

// mostNeeds is how many needs a message names: Teams takes 28 kB.
const mostNeeds = 10

// say completes a notification with its texts.
func (n *notification) say(verdict string, hook config.Secret) {
	n.Host, _ = os.Hostname()
	n.Sources = append([]concern{}, n.Sources...)
	block := func(text string) textBlock { return textBlock{Type: "TextBlock", Text: text, Wrap: true} }
	headline := block(fmt.Sprintf("spendbridge on %s: %s", cmp.Or(n.Host, "an unknown host"), verdict))
	headline.Weight = "Bolder"
	lines, body := []string{headline.Text}, []textBlock{headline}
	add := func(text string) {
		lines = append(lines, "• "+text)
		body = append(body, block(text))
	}
	for _, c := range n.Sources {
		add(c.Source + ": " + c.What)
	}
	for _, need := range n.Needs[:min(len(n.Needs), mostNeeds)] {
		if !strings.Contains(verdict, need.What) {
			add(need.What)
		}
		for _, command := range need.Commands {
			lines = append(lines, "`"+command+"`")
			code := block(command)
			code.FontType = "Monospace"
			body = append(body, code)
		}
	}
	if more := len(n.Needs) - mostNeeds; more > 0 {
		add(fmt.Sprintf("and %d more: spendbridge status", more))
	}
	if n.Run != "" {
		add(fmt.Sprintf("run %s; so since %s", n.Run, n.Since.UTC().Format("2006-01-02 15:04 MST")))
	}
	n.Text = strings.Join(lines, "\n")
	if u, err := url.Parse(hook.Reveal()); err == nil && strings.HasSuffix(u.Hostname(), ".slack.com") {
		// Slack reads links and calls of everybody in angle brackets, and has
		// attachments of its own.
		n.Text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(n.Text)
		return
	}
	n.Type = "message"
	n.Attachments = []attachment{{"application/vnd.microsoft.card.adaptive", card{
		"http://adaptivecards.io/schemas/adaptive-card.json", "AdaptiveCard", "1.4", body,
	}}}
}

// concerns lists what is not well by source: its last extract, and what of it is not
// delivered.
func concerns(ctx context.Context, s *job.Session, state *report.State) ([]concern, error) {
	what := map[string][]string{}
	for _, stage := range state.Stages {
		if source, ok := strings.CutPrefix(stage.Stage, "extract/"); ok && stage.Status != etl.StatusOK {
			what[source] = append(what[source], cmp.Or(stage.Error, stage.Status))
		}
	}
	var open []struct {
		Source string
		etl.Undelivered
	}
	if err := warehouse.Fill(ctx, s.DB, &open, "monitor/notification.undelivered", nil); err != nil {
		return nil, err
	}
	bySource := map[string][]etl.Undelivered{}
	for _, u := range open {
		bySource[u.Source] = append(bySource[u.Source], u.Undelivered)
	}
	for source, cells := range bySource {
		what[source] = append(what[source], etl.Exceptions(cells))
	}
	var all []concern
	for source, texts := range what {
		all = append(all, concern{source, strings.Join(texts, "; ")})
	}
	slices.SortFunc(all, func(a, b concern) int { return strings.Compare(a.Source, b.Source) })
	return all, nil
}
