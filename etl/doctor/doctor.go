// Package doctor examines an installation and suggests fixes. It changes
// nothing but the age of the lock.
package doctor

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
)

// The levels of a finding.
const (
	LevelOK      = "ok"
	LevelWarning = "warning"
	LevelError   = "error"
)

// A Finding is what one check found, and a fix.
type Finding struct {
	Check   string `json:"check"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// Options says what to examine.
type Options struct {
	Config     *config.Config
	ConfigPath string
	Offline    bool        // examine this machine only, ask no API
	Job        job.Options // to look into the warehouse
	Next       []etl.Slot  // the next slots of the schedule
}

type doctor struct {
	Options
	findings []Finding
}

// Examine examines the installation.
func Examine(ctx context.Context, o Options) []Finding {
	d := &doctor{Options: o}
	d.ok("configuration", "%s is complete; %s", o.ConfigPath, sourcesInWords(o.Config))
	d.examineSecrets()
	d.examineFolder()
	d.examineWarehouse(ctx)
	d.examineSchedule()
	d.examineDelivery()
	if o.Offline {
		d.ok("network", "not asked (--offline)")
	} else {
		d.examineAPIs(ctx)
	}
	return d.findings
}

// Err counts what is wrong, if anything is.
func Err(findings []Finding) error {
	wrong := 0
	for _, f := range findings {
		if f.Level == LevelError {
			wrong++
		}
	}
	if wrong == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d checks found something wrong", wrong, len(findings))
}

func sourcesInWords(c *config.Config) string {
	var names []string
	for _, s := range c.Sources {
		names = append(names, fmt.Sprintf("%s (%s %s)", s.Name, s.Kind, s.Tenant()))
	}
	return "sources: " + strings.Join(names, ", ")
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, Finding{check, LevelOK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(check, mend, format string, args ...any) {
	d.findings = append(d.findings, Finding{check, LevelWarning, fmt.Sprintf(format, args...), mend})
}

func (d *doctor) fail(check, mend, format string, args ...any) {
	d.findings = append(d.findings, Finding{check, LevelError, fmt.Sprintf(format, args...), mend})
}

// examineSecrets warns of secrets that are too short to be searched for.
func (d *doctor) examineSecrets() {
	for _, s := range d.Config.Secrets() {
		if utf8.RuneCountInString(strings.TrimSpace(s.Reveal())) < etl.ShortestSecret {
			d.warn("secrets", "replace it by one of at least "+strconv.Itoa(etl.ShortestSecret)+" characters",
				"%s is so short that it is not recognized in what a server sends; if one repeats it, it is stored and shown", s.Key)
		}
	}
}

// examineSchedule looks at jobs and their next slot.
func (d *doctor) examineSchedule() {
	if len(d.Next) == 0 {
		d.warn("schedule", "write it, or call spendbridge run from a scheduler of your own", "no job has a time")
		return
	}
	next := d.Next[0]
	d.ok("schedule", "next %s at %s", next.Job, next.Due.In(config.Location(d.Config.Schedule.Timezone)).Format("2006-01-02 15:04 MST"))
	var idle []string
	for _, s := range d.Config.Sources {
		if d.Config.Schedule.Extract[s.Name] == "" {
			idle = append(idle, s.Name)
		}
	}
	if len(idle) > 0 {
		d.warn("schedule", "write schedule."+idle[0], "nothing reads %s on schedule", strings.Join(idle, ", "))
	}
}

// examineDelivery says what happens to a batch whose answer is lost: no
// setting makes that certain (schemas/README.md, Productiv: the record).
func (d *doctor) examineDelivery() {
	p := d.Config.Productiv
	switch {
	case p.InDoubt == config.InDoubtResend:
		d.warn("lost answers", "have Productiv confirm it in writing, or set in_doubt: hold",
			"a batch whose answer is lost is sent again: no duplicates only if Productiv replaces a record whose signatureId it knows")
	default:
		d.ok("lost answers", "a batch whose answer is lost waits for a decision (in_doubt: hold, record_schema: %s)", p.RecordSchema)
	}
	if p.OnChange == config.OnChangeResend {
		d.warn("changes", "have Productiv confirm it, or set on_change: report",
			"changed records are sent again: right only if Productiv replaces a record whose signatureId it knows")
	}
}

// examineRates looks at where reference rates come from, and warns of rates
// that are older than holidays explain.
func (d *doctor) examineRates(newest time.Time) {
	fx := d.Config.FX
	age := d.Job.Now().Sub(newest)
	switch {
	case fx.RatesFile == "" && fx.URL == "":
		d.warn("exchange rates", "set fx.rates_file or fx.url",
			"no reference rates: amounts in other currencies than %s are converted only where the vendor says how", d.Config.ReportingCurrency)
	case fx.RatesFile != "" && !isFile(fx.RatesFile):
		d.fail("exchange rates", "put the file there, or correct fx.rates_file", "%s cannot be read", fx.RatesFile)
	case newest.IsZero():
		d.ok("exchange rates", "configured; none are loaded before the first transform")
	case age > 7*24*time.Hour:
		d.warn("exchange rates", "bring the rates file up to date", "the newest rate is of %s, %d days ago; later spend is converted with it",
			newest.Format(time.DateOnly), int(age.Hours()/24))
	default:
		d.ok("exchange rates", "the newest is of %s", newest.Format(time.DateOnly))
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
