package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/report"
	"spendbridge/etl/warehouse"
)

// overdueAfter is how long after its time a slot without any outcome shows
// that no daemon is there.
const overdueAfter = time.Hour

func newStatusCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say whether all is well, and what needs a person",
		Long: `One screen: whether everything is in order and since when, what waits for a
person with the command that settles it, the last runs and the next slots.

It serves as a probe for monitoring: exit code 0 if all is well, 1 if something
failed and a later run may succeed, 3 if something needs a person. While a run
is at work it shows the state as of the end of the run before.`,
		Example: `  spendbridge status
  spendbridge status --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context()) },
	}
}

// A statusResult is the state with what the configuration adds to it.
type statusResult struct {
	report.State
	Busy string `json:"busy,omitempty"` // who has the data folder
	Next []slot `json:"next_slots"`
}

func (a *app) status(ctx context.Context) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	result, err := a.readState(ctx, config)
	if err != nil {
		return err
	}
	if jobs, err := a.parseSchedule(config); err == nil {
		result.Next = comingSlots(jobs, a.now(), 4)
		result.addOverdue(jobs, a.now())
	}
	return errors.Join(a.print(result, func(w io.Writer) {
		paint := isTerminal(w) && os.Getenv("NO_COLOR") == ""
		result.print(&screen{w, paint, scheduleZone(config)})
	}), result.err())
}

// readState reads the state from the warehouse, or, while another process has
// it, what that process's predecessor left.
func (a *app) readState(ctx context.Context, config *config.Config) (*statusResult, error) {
	s, err := a.openWith(ctx, config)
	var locked *warehouse.LockedError
	switch {
	case errors.As(err, &locked):
		return savedState(config, locked)
	case err != nil:
		return nil, err
	}
	defer s.Close()
	state, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	return &statusResult{State: *state, Next: []slot{}}, nil
}

func savedState(config *config.Config, locked *warehouse.LockedError) (*statusResult, error) {
	result := &statusResult{Busy: locked.Holder.Command, Next: []slot{}}
	text, err := os.ReadFile(config.StateFile())
	if errors.Is(err, os.ErrNotExist) {
		return result, nil // the first run is at work
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &result.State); err != nil {
		return nil, fmt.Errorf("%s: %w; it is written anew by the next run", config.StateFile(), err)
	}
	return result, nil
}

// addOverdue notices a schedule that nobody serves. Where no daemon ever ran
// nobody expects one.
func (r *statusResult) addOverdue(jobs []*job, now time.Time) {
	if r.Busy != "" {
		return
	}
	last := map[string]time.Time{}
	for _, s := range r.Slots {
		last[s.Job] = s.Due
	}
	for _, j := range jobs {
		settled, ok := last[j.name]
		if !ok {
			continue
		}
		if due := j.clock.Next(settled); !due.IsZero() && now.Sub(due) > overdueAfter {
			r.Todo = append(r.Todo, report.Todo{
				What:     fmt.Sprintf("job %s was due at %s and nobody ran it; the daemon is not there", j.name, due.Format(time.RFC3339)),
				Commands: []string{"spendbridge schedule"},
			})
			if r.Status != etl.StatusFailed {
				r.Status = etl.StatusNeedsPerson
			}
			return
		}
	}
}

// err is what the exit code is made of.
func (r *statusResult) err() error {
	switch r.Status {
	case etl.StatusFailed:
		return errors.New("the last run of a stage failed; see the list")
	case etl.StatusNeedsPerson:
		return &etl.NeedsPersonError{What: fmt.Sprintf("%d thing(s) need a person; see the list", len(r.Todo))}
	}
	return nil
}

// A screen prints with colour on a terminal and without elsewhere.
type screen struct {
	io.Writer
	paint bool
	zone  *time.Location
}

const (
	green  = "32"
	yellow = "33"
	red    = "31"
	faint  = "2"
)

func (s *screen) colour(code, text string) string {
	if !s.paint {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) heading(text string) { fmt.Fprintln(s, "\n"+s.colour(faint, text)) }

func (s *screen) time(t time.Time) string { return t.In(s.zone).Format("2006-01-02 15:04 MST") }

func (r *statusResult) print(s *screen) {
	fmt.Fprintln(s, r.headline(s))
	if r.Busy != "" {
		fmt.Fprintf(s, "  %q is at work; this is how things stood before it began\n", r.Busy)
	}
	if len(r.Todo) > 0 {
		s.heading("WHAT TO DO")
	}
	for _, t := range r.Todo {
		fmt.Fprintf(s, "  - %s\n", t.What)
		for _, c := range t.Commands {
			fmt.Fprintf(s, "      %s\n", c)
		}
	}
	r.printRuns(s)
	r.printRecords(s)
	r.printSlots(s)
}

func (r *statusResult) headline(s *screen) string {
	since := ""
	if !r.Since.IsZero() {
		since = " since " + s.time(r.Since)
	}
	switch r.Status {
	case etl.StatusOK:
		return s.colour(green, "✓ Everything is in order"+since)
	case etl.StatusNeedsPerson:
		return s.colour(yellow, "! Something needs a person"+since)
	case etl.StatusFailed:
		return s.colour(red, "✗ Something fails"+since)
	}
	return "No run yet; start one: spendbridge run"
}

func (r *statusResult) printRuns(s *screen) {
	if len(r.Runs) == 0 {
		return
	}
	s.heading("LAST RUNS")
	for _, x := range r.Runs {
		took := "running"
		if !x.Finished.IsZero() {
			took = x.Finished.Sub(x.Started).Round(time.Second).String()
		}
		code := map[string]string{etl.StatusOK: green, etl.StatusNeedsPerson: yellow, etl.StatusFailed: red}[x.Status]
		fmt.Fprintf(s, "  %s  %-24s %s %s\n", s.time(x.Started), x.Command, s.colour(code, fmt.Sprintf("%-13s", x.Status)), took)
	}
}

func (r *statusResult) printRecords(s *screen) {
	if len(r.Items)+len(r.Quarantine) == 0 {
		return
	}
	s.heading("RECORDS THAT WAIT")
	words := map[string]string{"unknown": "answer lost", "rejected": "refused by Productiv"}
	for _, x := range r.Items {
		fmt.Fprintf(s, "  %-24s %6d  %s %s\n", words[x.State], x.Records, money(x.Amount, 2), x.Currency)
	}
	for _, x := range r.Quarantine {
		fmt.Fprintf(s, "  %-24s %6d  %s: %s\n", "set aside", x.Records, x.Source, x.Reason)
	}
}

func (r *statusResult) printSlots(s *screen) {
	if len(r.Slots)+len(r.Next) == 0 {
		return
	}
	s.heading("SCHEDULE")
	for _, x := range r.Slots {
		line := fmt.Sprintf("  %s  %-12s %s", s.time(x.Due), x.Job, strings.ReplaceAll(x.Outcome, "_", " "))
		if x.LeftOut > 0 {
			line += fmt.Sprintf(" (%d missed or skipped in a week)", x.LeftOut)
		}
		fmt.Fprintln(s, line)
	}
	for _, x := range r.Next {
		fmt.Fprintln(s, s.colour(faint, fmt.Sprintf("  %s  %-12s next", s.time(x.Due), x.Job)))
	}
}
