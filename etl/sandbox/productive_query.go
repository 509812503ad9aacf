package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A query is the filter and sort of a list request.
type query struct {
	name       string // everything below, as text
	plain      []condition
	groups     [][]condition // filter[0][…], filter[1][…]
	either     bool          // one group is enough
	sort       string
	descending bool
}

// A condition compares one field with the values of one filter.
type condition struct {
	field  string
	op     string
	values []string
	exact  bool // datetimes are compared by the second, not by the day
}

type queryProblem struct{ code, title, detail string }

// filterName takes filter[0][date][gt_eq][] apart.
var filterName = regexp.MustCompile(`^filter(?:\[(\d+)\])?\[([a-z_]+)\](?:\[([a-z_]+)\])?(?:\[\])?$`)

var filterOps = []string{"eq", "not_eq", "contains", "not_contain", "gt", "gt_eq", "lt", "lt_eq"}

// skipDateCast is the feature flag that makes datetime filters exact.
const skipDateCast = "filteringSkipDatetimeCastToDate"

func (s *Sandbox) parseQuery(parameters url.Values, flags string) (query, *queryProblem) {
	q := query{either: parameters.Get("filter[$op]") == "or"}
	groups := map[string][]condition{}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if !strings.HasPrefix(name, "filter[") || name == "filter[$op]" {
			continue
		}
		part := filterName.FindStringSubmatch(name)
		if part == nil {
			return q, &queryProblem{"unsupported_filter", "Unsupported Filter", name}
		}
		c := condition{part[2], cmp.Or(part[3], "eq"), parameters[name], strings.Contains(flags, skipDateCast)}
		if problem := c.check(); problem != "" {
			return q, &queryProblem{"unsupported_filter", "Unsupported Filter", problem}
		}
		groups[part[1]] = append(groups[part[1]], c)
	}
	q.plain = groups[""]
	delete(groups, "")
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		q.groups = append(q.groups, groups[name])
	}
	if !q.parseSort(parameters.Get("sort"), s.opt.Productive.NoSortByID) {
		return q, &queryProblem{"unsupported_sort", "Unsupported Sort", parameters.Get("sort")}
	}
	q.name = fmt.Sprint("expenses", q.plain, q.groups, q.either, q.sort, q.descending)
	return q, nil
}

// check names what the vendor does not know of a condition.
func (c *condition) check() string {
	c.modernise()
	if !slices.Contains(filterOps, c.op) {
		return c.field + "[" + c.op + "]"
	}
	if !c.indexed() && fields[c.field] == nil {
		return c.field
	}
	for _, value := range c.values {
		if c.indexed() && dayNumber(value) == 0 {
			return c.field + ": " + value
		}
	}
	return ""
}

// indexed reports whether the condition can be decided without making the
// record.
func (c *condition) indexed() bool { return c.field == "date" || c.field == "created_at" }

// modernise rewrites date_after and its like, from older documents, to an operator.
// That they include the day itself is known of time entries only.
func (c *condition) modernise() {
	for _, field := range []string{"date", "pay_on", "paid_on"} {
		switch c.field {
		case field + "_after":
			c.field, c.op = field, "gt_eq"
		case field + "_before":
			c.field, c.op = field, "lt_eq"
		}
	}
}

// fields are the filters on anything but the indexed date and created_at. They
// return an int64, or text. Filters of the vendor's list that ask for what the
// sandbox does not have, such as invoices, are unsupported here.
var fields = map[string]func(*Expense) any{
	"id":                func(e *Expense) any { return int64(e.ID) },
	"name":              func(e *Expense) any { return e.Name },
	"query":             func(e *Expense) any { return e.Name },
	"amount":            func(e *Expense) any { return e.Amount },
	"billable_amount":   func(e *Expense) any { return e.BillableAmount },
	"profit":            func(e *Expense) any { return e.amounts()[3] },
	"pay_on":            func(e *Expense) any { return e.PayOn },
	"paid_on":           func(e *Expense) any { return e.PaidOn },
	"reimbursed_on":     func(e *Expense) any { return e.ReimbursedOn },
	"person_id":         func(e *Expense) any { return int64(e.Person) },
	"creator_id":        func(e *Expense) any { return int64(e.Creator) },
	"approver_id":       func(e *Expense) any { return int64(e.related("approver")) },
	"vendor_id":         func(e *Expense) any { return int64(e.Vendor) },
	"service_type_id":   func(e *Expense) any { return int64(e.ServiceType) },
	"purchase_order_id": func(e *Expense) any { return int64(e.PurchaseOrder) },
	"reimbursable":      func(e *Expense) any { return strconv.FormatBool(e.Reimbursable) },
	"invoiced":          func(e *Expense) any { return strconv.FormatBool(e.Invoiced) },
	"status":            func(e *Expense) any { return choice(e.PaidOn != "", 1, 2) },
	"invoicing_status":  func(e *Expense) any { return choice(e.Invoiced, 3, 1) },
	"approval_status":   func(e *Expense) any { return choice(e.Rejected, 3, choice(e.Approved, 1, 2)) },
	"reimbursement":     func(e *Expense) any { return choice(!e.Reimbursable, 1, choice(e.ReimbursedOn == "", 2, 3)) },
	"export_status":     func(*Expense) any { return int64(2) },
}

func choice(first bool, a, b int64) int64 {
	if first {
		return a
	}
	return b
}

func (c condition) matches(b *book[Expense], id int, e entry) bool {
	match := func(value string) bool {
		switch c.field {
		case "date":
			return holds(c.op, cmp.Compare(e.day, dayNumber(value)))
		case "created_at":
			return holds(c.op, c.compareCreated(e.at, value))
		}
		expense, _ := b.get(id)
		return compareField(c.op, fields[c.field](&expense), value)
	}
	if strings.HasPrefix(c.op, "not_") { // none of the values
		return !slices.ContainsFunc(c.values, func(v string) bool { return !match(v) })
	}
	return slices.ContainsFunc(c.values, match)
}

// compareCreated cuts both sides to the day in the organisation's zone, unless
// the feature flag asks for exactness.
func (c condition) compareCreated(at int64, value string) int {
	created := time.UnixMilli(at).In(organizationZone)
	if exact, err := time.Parse(time.RFC3339, value); err == nil && c.exact {
		return created.Truncate(time.Second).Compare(exact.Truncate(time.Second))
	}
	return cmp.Compare(dayNumber(day(created)), dayNumber(value))
}

func compareField(op string, field any, value string) bool {
	if number, ok := field.(int64); ok {
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && holds(op, cmp.Compare(number, n))
	}
	text := field.(string)
	switch op {
	case "contains":
		return strings.Contains(strings.ToLower(text), strings.ToLower(value))
	case "not_contain":
		return !strings.Contains(strings.ToLower(text), strings.ToLower(value))
	}
	return holds(op, cmp.Compare(text, value))
}

// holds reports whether a comparison's result satisfies an operator.
func holds(op string, result int) bool {
	switch op {
	case "eq":
		return result == 0
	case "not_eq":
		return result != 0
	case "gt":
		return result > 0
	case "gt_eq":
		return result >= 0
	case "lt":
		return result < 0
	case "lt_eq":
		return result <= 0
	}
	return false
}
