package report

import (
	"context"
	"slices"
	"time"

	"spendbridge/etl/warehouse"
)

// How much of the analysts' copy the console shows.
const (
	consoleMonths      = 12
	consoleMatrix      = 6 // months beside each vendor
	consoleVendors     = 12
	consoleUndelivered = 50
	consoleQuarantined = 25
)

// A Published is what the console shows of the analysts' copy.
type Published struct {
	Spend       allSpend
	Currencies  []bar
	Months      []bar   // the newest first
	Matrix      []month // the months of Vendors, the newest first
	Vendors     []vendorMonths
	Undelivered []undeliveredRecord
	Quarantined []undeliveredRecord
}

// A vendorMonths is what went to one vendor in each month of the matrix.
type vendorMonths struct {
	Vendor  string // empty: all others
	Amounts []string
}

// ReadPublished reads what the console shows of the analysts' copy. Months after
// now are left out: a wrong date would hide all others.
func ReadPublished(ctx context.Context, db warehouse.Runner, now time.Time) (*Published, error) {
	p := &Published{}
	var months []month
	err := fillAll(ctx, db,
		part{&p.Spend, "report/spend.list", nil},
		part{&p.Currencies, "report/spend.currencies", nil},
		part{&months, "report/spend.months", nil},
		part{&p.Undelivered, "report/delivery.largest", warehouse.Args{"quarantined": false, "limit": consoleUndelivered}},
		part{&p.Quarantined, "report/delivery.largest", warehouse.Args{"quarantined": true, "limit": consoleQuarantined}},
	)
	if err != nil {
		return nil, err
	}
	months = fillMonths(slices.DeleteFunc(months, func(m month) bool { return m.Month.After(now) }))
	if len(months) == 0 {
		return p, nil
	}
	slices.Reverse(months)
	for _, m := range months[:min(len(months), consoleMonths)] {
		p.Months = append(p.Months, bar{Name: m.Name(), Amount: m.Amount, Records: m.Records, Unpriced: m.Unpriced})
	}
	scaleBars(p.Months)
	p.Matrix = months[:min(len(months), consoleMatrix)]
	return p, p.readVendors(ctx, db)
}

// readVendors puts what the vendors of the matrix got beside its months.
func (p *Published) readVendors(ctx context.Context, db warehouse.Runner) error {
	var cells []struct {
		Vendor, Amount string
		Month          time.Time
	}
	err := warehouse.Fill(ctx, db, &cells, "report/spend.vendor_months",
		warehouse.Args{"from": p.Matrix[len(p.Matrix)-1].Month, "to": p.Matrix[0].Month.AddDate(0, 1, 0), "limit": consoleVendors})
	if err != nil {
		return err
	}
	for _, c := range cells {
		last := len(p.Vendors) - 1
		if last < 0 || p.Vendors[last].Vendor != c.Vendor {
			p.Vendors = append(p.Vendors, vendorMonths{c.Vendor, make([]string, len(p.Matrix))})
			last++
		}
		i := slices.IndexFunc(p.Matrix, func(m month) bool { return m.Month.Equal(c.Month) })
		p.Vendors[last].Amounts[i] = c.Amount
	}
	return nil
}
