// Package doctor examines an installation and suggests fixes. It changes
// nothing but the age of the lock, and leaves nothing in the store and in the data of a
// lake.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/store"
)

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
	etl.Findings
	examples  []config.Example // values that nobody has replaced
	dataFails bool             // the data of the lake cannot be used
}

// Examine examines the installation.
func Examine(ctx context.Context, o Options) etl.Findings {
	d := &doctor{Options: o}
	d.examineConfiguration()
	d.examineSecrets()
	d.examineFiles()
	d.examineFolder()
	d.examinePublish()
	d.examineLakeData(ctx)
	d.examineWarehouse(ctx)
	d.examineSchedule()
	d.examineDelivery()
	d.examineStore(ctx)
	if o.Offline {
		d.OK("network", "not asked (--offline)")
	} else {
		d.examineAPIs(ctx)
	}
	return d.Findings
}

// Err counts what is wrong, if anything is.
func Err(findings etl.Findings) error {
	wrong := 0
	for _, f := range findings {
		if f.Level == etl.LevelError {
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

// examineConfiguration looks for values that init wrote as an example.
func (d *doctor) examineConfiguration() {
	d.examples = d.Config.Examples(extract.Kinds(extract.Vendors))
	for _, e := range d.examples {
		d.Fail("configuration", e.Fix, "%s is still %s, the example that init writes", e.Key, e.Value)
	}
	if len(d.examples) == 0 {
		d.OK("configuration", "%s is complete; %s", d.ConfigPath, sourcesInWords(d.Config))
	}
}

// examineSecrets warns of secrets that others may read, or that are too short to be
// searched for.
func (d *doctor) examineSecrets() {
	env := filepath.Join(filepath.Dir(d.ConfigPath), config.EnvFile)
	if info, err := os.Stat(env); err == nil && info.Mode().Perm()&0o007 != 0 {
		d.Warn("secrets", "chmod o-rwx "+env, "%s can be read by everybody on this machine", env)
	}
	for _, s := range d.Config.Secrets() {
		if utf8.RuneCountInString(strings.TrimSpace(s.Reveal())) < etl.ShortestSecret {
			d.Warn("secrets", "replace it by one of at least "+strconv.Itoa(etl.ShortestSecret)+" characters",
				"%s is so short that it is not recognized in what a server sends; if one repeats it, it is stored and shown", s.Key)
		}
	}
}

// examineFiles looks for the user's files that have to be there. A file of aliases or
// categories need not: the first decision creates it.
func (d *doctor) examineFiles() {
	files := map[string]string{"rules_file": d.Config.RulesFile, "types_file": d.Config.TypesFile}
	for _, s := range d.Config.Sources {
		files["sources."+s.Name+".cardholder_emails"] = s.CardholderEmails
	}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if path := files[key]; path != "" && !isFile(path) {
			d.Fail("files", "put the file there, or correct "+key, "%s cannot be read", path)
		}
	}
}

// examineSchedule looks at jobs and their next slot.
func (d *doctor) examineSchedule() {
	if len(d.Next) == 0 {
		d.Warn("schedule", "add it to the configuration, or call spendbridge run from another scheduler", "no job is scheduled")
		return
	}
	next := d.Next[0]
	d.OK("schedule", "next %s at %s", next.Job, next.Due.In(config.Location(d.Config.Schedule.Timezone)).Format("2006-01-02 15:04 MST"))
	var idle []string
	for _, s := range d.Config.Sources {
		if d.Config.Schedule.Extract[s.Name] == "" {
			idle = append(idle, s.Name)
		}
	}
	if len(idle) > 0 {
		d.Warn("schedule", "write schedule."+idle[0], "no job reads %s", strings.Join(idle, ", "))
	}
}

// examineDelivery says what happens to a batch whose answer is lost: no
// setting makes that certain (schemas/README.md, Productiv: the record).
func (d *doctor) examineDelivery() {
	p := d.Config.Productiv
	if p.InDoubt == config.InDoubtResend {
		d.Warn("lost answers", "have Productiv confirm it in writing, or set in_doubt: hold",
			"a batch whose answer is lost is sent again: no duplicates only if Productiv replaces a record whose signatureId it knows")
	} else {
		d.OK("lost answers", "a batch whose answer is lost waits for a decision (in_doubt: hold, record_schema: %s)", p.RecordSchema)
	}
	if p.OnChange == config.OnChangeResend {
		d.Warn("changes", "have Productiv confirm it, or set on_change: report",
			"changed records are sent again: right only if Productiv replaces a record whose signatureId it knows")
	}
}

// examineStore writes, reads, lists and deletes an object in the store.
func (d *doctor) examineStore(ctx context.Context) {
	if d.Config.Store == "" {
		d.OK("store", "none: what is posted after a backup is known on this disk alone")
		return
	}
	s, err := store.Open(ctx, d.Config)
	d.probe(ctx, "store", s, err, (*store.Store).Probe)
}

// examineLakeData does the same where a lake has its data.
func (d *doctor) examineLakeData(ctx context.Context) {
	if !d.Config.HasLake() {
		return
	}
	s, err := store.OpenLakeData(ctx, d.Config)
	d.dataFails = !d.probe(ctx, lakeData, s, err, (*store.Store).ProbeLakeData)
}

// probe reports whether objects can be written, read, listed and deleted.
func (d *doctor) probe(
	ctx context.Context, check string, s *store.Store, err error,
	try func(s *store.Store, ctx context.Context, id string) error,
) (ok bool) {
	if err == nil && !d.Offline {
		err = try(s, ctx, uuid.NewString())
	}
	var fault *store.Error
	switch {
	case errors.As(err, &fault):
		d.Fail(check, fault.Fix, "%s: %v", fault.Where, fault.Err)
	case err != nil:
		d.Fail(check, "see the message", "%v", err)
	case d.Offline:
		d.OK(check, "%s is not asked (--offline)", s.Name())
	default:
		d.OK(check, "%s can be written to, read, listed and deleted from", s.Name())
	}
	if s != nil {
		_ = s.Close()
	}
	return err == nil
}

// examineRates looks at where reference rates come from, and warns of rates
// that are older than holidays explain.
func (d *doctor) examineRates(newest time.Time) {
	fx := d.Config.FX
	age := d.Job.Now().Sub(newest)
	switch {
	case fx.RatesFile == "" && fx.URL == "":
		d.Warn("exchange rates", "set fx.rates_file or fx.url",
			"no reference rates: amounts in other currencies than %s are converted only where the vendor says how", d.Config.ReportingCurrency)
	case fx.RatesFile != "" && !isFile(fx.RatesFile):
		d.Fail("exchange rates", "put the file there, or correct fx.rates_file", "%s cannot be read", fx.RatesFile)
	case newest.IsZero():
		d.OK("exchange rates", "configured; none are loaded before the first transform")
	case age > 7*24*time.Hour:
		d.Warn("exchange rates", "bring the rates file up to date", "the newest rate is of %s, %d days ago; later spend is converted with it",
			newest.Format(time.DateOnly), int(age.Hours()/24))
	default:
		d.OK("exchange rates", "the newest is of %s", newest.Format(time.DateOnly))
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
