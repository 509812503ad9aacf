package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/job"
	"spendbridge/etl/warehouse"
)

// Upgrade says what this version of the program would change in a data folder, by
// trying it on a copy.
func Upgrade(ctx context.Context, o Options) etl.Findings {
	d := &doctor{Options: o}
	location := o.Config.WarehouseLocation()
	if _, err := os.Stat(location); errors.Is(err, fs.ErrNotExist) && !o.Config.HasLake() {
		d.OK("schema", "there is no %s yet, so there is nothing to upgrade", location)
		return d.Findings
	}
	u, err := job.TryUpgrade(ctx, o.Config, o.Job)
	var newer *warehouse.NewerSchemaError
	var locked *warehouse.LockedError
	switch {
	case errors.As(err, &newer):
		d.Fail("schema", "use the version that is installed, or a newer one", "%v", err)
	case errors.As(err, &locked):
		d.Fail("lock", "ask again when it has ended", "%v", err)
	case err != nil && u == nil:
		d.Fail("schema", "keep the version that is installed", "%v", err)
	case err != nil:
		d.Fail("records", "keep the version that is installed", "%v", err)
	default:
		d.tellSchema(u)
		d.tellRecords(u)
		d.tellNames(u)
		d.tellLoad(u)
	}
	return d.Findings
}

func (d *doctor) tellSchema(u *job.Upgrade) {
	if u.Steps == 0 {
		d.OK("schema", "version %d, which is that of this program: nothing is migrated", u.From)
		return
	}
	d.OK("schema", "version %d becomes %d, in %d steps", u.From, u.To, u.Steps)
	if d.Config.HasLake() {
		d.Warn("way back", "back up the catalog in PostgreSQL, and stop all other machines",
			"a lake is not copied before it is upgraded")
		return
	}
	d.OK("way back", "the warehouse is copied to %s first, and the copy stays until a run has succeeded", u.Kept)
}

func (d *doctor) tellRecords(u *job.Upgrade) {
	all, differ := 0, false
	for _, r := range u.Records {
		all += r.Records
		if r.Amounts > 0 {
			d.Warn("records", lookAfter, "another amount for %s", records(r.Amounts))
		}
		if r.Days > 0 {
			d.Warn("records", lookAfter, "another day for %s", records(r.Days))
		}
		if r.Was != r.Becomes {
			d.Warn("records", lookAfter, "from %s to %s: %s", r.Was, r.Becomes, records(r.Records))
		}
		differ = differ || r.Amounts+r.Days > 0 || r.Was != r.Becomes
	}
	if !differ {
		d.OK("records", "nothing changes: %s", records(all))
	}
}

const lookAfter = "compare after the upgrade: spendbridge explain ID, spendbridge load --dry-run"

func (d *doctor) tellNames(u *job.Upgrade) {
	var vendors, categories int
	for _, r := range u.Records {
		vendors += r.Vendors
		categories += r.Categories
	}
	if vendors > 0 {
		var shown []string
		for _, n := range u.Names {
			shown = append(shown, fmt.Sprintf("%s becomes %s (%d)", n.Was, n.Becomes, n.Records))
		}
		d.Warn("names", "spendbridge vendors approve, if you want another name", "another vendor for %s: %s", records(vendors), strings.Join(shown, ", "))
	}
	if categories > 0 {
		d.Warn("names", "spendbridge categories approve, if you want another one", "another category for %s", records(categories))
	}
	if vendors+categories == 0 {
		d.OK("names", "nothing changes: vendors and categories")
	}
}

// tellLoad says what the next load would do. What the last one held is nothing new.
func (d *doctor) tellLoad(u *job.Upgrade) {
	plan, posts := u.Load.Plan, u.Load.Items
	if plan != nil {
		posts -= plan.Items()
	}
	switch {
	case plan == nil:
	case plan.Name == u.Held.Name:
		d.OK("next load", "holds what the last one held: %s", plan)
	default:
		d.Warn("next load", lookAfter, "%s", plan)
	}
	switch {
	case posts > 0:
		d.Warn("next load", "see what the version that is installed would post: spendbridge load --dry-run", "items that it would post: %s", etl.Number(posts))
	case plan == nil:
		d.OK("next load", "posts nothing of what is here")
	}
}

func records(n int) string {
	if n == 1 {
		return "1 record"
	}
	return etl.Number(n) + " records"
}
