package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl/config"
)

// The levels of a finding.
const (
	levelOK      = "ok"
	levelWarning = "warning"
	levelError   = "error"
)

// A finding is what one check of the doctor found, and how to mend it.
type finding struct {
	Check   string `json:"check"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// A doctor examines an installation and changes nothing but the age of the
// lock.
type doctor struct {
	*app
	config   *config.Config
	findings []finding
}

func newDoctorCmd(a *app) *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine configuration, access, disk, clock and schedule, and say how to mend them",
		Long: `Examine the installation: configuration and secrets, the data folder, its lock,
disk space and warehouse, the schedule, exchange rates, what may happen to a
batch whose answer is lost, and whether each API is reachable, lets this client
in and shows it everything.

Exit code 0 if nothing is wrong (there may be warnings), 1 if something is, 2 if
the configuration is.`,
		Example: `  spendbridge doctor
  spendbridge doctor --offline --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), offline) },
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "examine this machine only, ask no API")
	return cmd
}

func (a *app) doctor(ctx context.Context, offline bool) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	d := &doctor{app: a, config: config}
	d.ok("configuration", "%s is complete; %s", a.configPath, sourcesInWords(config))
	d.examineFolder()
	d.examineWarehouse(ctx)
	d.examineSchedule()
	d.examineDelivery()
	if offline {
		d.ok("network", "not asked (--offline)")
	} else {
		d.examineAPIs(ctx)
	}
	return errors.Join(a.print(d.findings, d.print), d.err())
}

func sourcesInWords(c *config.Config) string {
	var names []string
	for _, s := range c.Sources {
		names = append(names, fmt.Sprintf("%s (%s %s)", s.Name, s.Kind, s.Tenant()))
	}
	return "sources: " + strings.Join(names, ", ")
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{check, levelOK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(check, mend, format string, args ...any) {
	d.findings = append(d.findings, finding{check, levelWarning, fmt.Sprintf(format, args...), mend})
}

func (d *doctor) fail(check, mend, format string, args ...any) {
	d.findings = append(d.findings, finding{check, levelError, fmt.Sprintf(format, args...), mend})
}

func (d *doctor) err() error {
	wrong := 0
	for _, f := range d.findings {
		if f.Level == levelError {
			wrong++
		}
	}
	if wrong == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d checks found something wrong", wrong, len(d.findings))
}

func (d *doctor) print(w io.Writer) {
	s := &screen{Writer: w, paint: isTerminal(w) && os.Getenv("NO_COLOR") == ""}
	signs := map[string]string{
		levelOK: s.colour(green, "ok     "), levelWarning: s.colour(yellow, "warning"), levelError: s.colour(red, "error  "),
	}
	for _, f := range d.findings {
		fmt.Fprintf(w, "%s  %-22s %s\n", signs[f.Level], f.Check, f.Message)
		if f.Mend != "" {
			fmt.Fprintf(w, "%34s%s\n", "→ ", f.Mend)
		}
	}
}

// examineSchedule looks at jobs and their next slot.
func (d *doctor) examineSchedule() {
	jobs, err := d.parseSchedule(d.config)
	if err != nil {
		if len(d.config.Schedule.Extract) == 0 && d.config.Schedule.Load == "" && d.config.Schedule.Sweep == "" {
			d.warn("schedule", "write it, or call spendbridge run from a scheduler of your own", "no job has a time")
			return
		}
		d.fail("schedule", "correct the expression", "%v", err)
		return
	}
	next := comingSlots(jobs, d.now(), 1)
	d.ok("schedule", "%d jobs; next %s at %s", len(jobs), next[0].Job,
		next[0].Due.In(config.Location(d.config.Schedule.Timezone)).Format("2006-01-02 15:04 MST"))
	var idle []string
	for _, s := range d.config.Sources {
		if d.config.Schedule.Extract[s.Name] == "" {
			idle = append(idle, s.Name)
		}
	}
	if len(idle) > 0 {
		d.warn("schedule", "write schedule."+idle[0], "nothing reads %s on schedule", strings.Join(idle, ", "))
	}
}

// examineDelivery says what happens to a batch whose answer is lost: no
// setting makes that certain (design section 7, point 6).
func (d *doctor) examineDelivery() {
	p := d.config.Productiv
	switch {
	case p.InDoubt == "resend":
		d.warn("lost answers", "have Productiv confirm it in writing, or set in_doubt: hold",
			"a batch whose answer is lost is sent again: no duplicates only if Productiv replaces a record whose signatureId it knows")
	default:
		d.ok("lost answers", "a batch whose answer is lost waits for a person (in_doubt: hold, record_schema: %s)", p.RecordSchema)
	}
	if p.OnChange == "resend" {
		d.warn("changes", "have Productiv confirm it, or set on_change: report",
			"changed records are sent again: right only if Productiv replaces a record whose signatureId it knows")
	}
}

// examineRates looks at where reference rates come from.
func (d *doctor) examineRates(newest string) {
	fx := d.config.FX
	switch {
	case fx.RatesFile == "" && fx.URL == "":
		d.warn("exchange rates", "set fx.rates_file or fx.url",
			"no reference rates: amounts in other currencies than %s are converted only where the vendor says how", d.config.ReportingCurrency)
	case fx.RatesFile != "" && !isFile(fx.RatesFile):
		d.fail("exchange rates", "put the file there, or correct fx.rates_file", "%s cannot be read", fx.RatesFile)
	case newest == "":
		d.ok("exchange rates", "configured; none are loaded before the first transform")
	default:
		d.examineRatesAge(newest)
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// examineRatesAge warns of rates that are older than holidays explain.
func (d *doctor) examineRatesAge(newest string) {
	var date config.Date
	if err := date.UnmarshalText([]byte(newest)); err != nil {
		d.fail("exchange rates", "run spendbridge transform", "the newest rate has the date %q", newest)
		return
	}
	age := d.now().Sub(date.Time)
	if age > 7*24*time.Hour {
		d.warn("exchange rates", "bring the rates file up to date", "the newest rate is of %s, %d days ago; later spend is converted with it", newest, int(age.Hours()/24))
		return
	}
	d.ok("exchange rates", "the newest is of %s", newest)
}
