package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The filters of the vendor's list that ask for something the sandbox has, and
// the sorts: those of the older documentation, and those that only newer
// servers know.
var (
	filters = []string{
		"date", "date_after", "date_before", "pay_on", "pay_on_after", "pay_on_before", "paid_on", "paid_on_after", "paid_on_before",
		"reimbursed_on", "created_at", "amount", "query", "person_id", "vendor_id", "service_type_id", "purchase_order_id",
		"invoiced", "status", "invoicing_status", "approval_status", "reimbursement", "export_status",
	}
	olderSorts = []string{
		"name", "date", "pay_on", "paid_on", "amount", "billable_amount", "profit",
		"deal.company.name", "deal.project.name", "deal.name", "service_type.name", "invoicing_status",
	}
	newerSorts = []string{"id", "created_at", "draft"}
)

// fields are what expenses are filtered and sorted by: numbers or texts. The
// index has the date, created_at and the id.
var fields = map[string]func(*Expense) any{
	"name":              func(e *Expense) any { return e.Name },
	"query":             func(e *Expense) any { return e.Name },
	"amount":            func(e *Expense) any { return e.Amount },
	"billable_amount":   func(e *Expense) any { return e.BillableAmount },
	"profit":            func(e *Expense) any { return e.amounts()[3] },
	"pay_on":            func(e *Expense) any { return e.PayOn },
	"paid_on":           func(e *Expense) any { return e.PaidOn },
	"reimbursed_on":     func(e *Expense) any { return e.ReimbursedOn },
	"person_id":         func(e *Expense) any { return int64(e.Person) },
	"vendor_id":         func(e *Expense) any { return int64(e.Vendor) },
	"service_type_id":   func(e *Expense) any { return int64(e.ServiceType) },
	"service_type.name": func(e *Expense) any { return byID(services, firstService, e.ServiceType) },
	"purchase_order_id": func(e *Expense) any { return int64(e.PurchaseOrder) },
	"deal.company.name": func(e *Expense) any { return int64(e.Deal) },
	"deal.project.name": func(e *Expense) any { return int64(e.Deal) },
	"deal.name":         func(e *Expense) any { return int64(e.Deal) },
	"draft":             func(e *Expense) any { return strconv.FormatBool(e.Draft) },
	"invoiced":          func(e *Expense) any { return strconv.FormatBool(e.Invoiced) },
	"status":            func(e *Expense) any { return choice[int64](e.PaidOn != "", 1, 2) },
	"invoicing_status":  func(e *Expense) any { return choice[int64](e.Invoiced, 3, 1) },
	"approval_status":   func(e *Expense) any { return choice(e.Rejected, 3, choice[int64](e.Approved, 1, 2)) },
	"reimbursement":     func(e *Expense) any { return choice(!e.Reimbursable, 1, choice[int64](e.ReimbursedOn == "", 2, 3)) },
	"export_status":     func(*Expense) any { return int64(2) },
}

// A query is the filter and sort of a list request.
type query struct {
	groups     map[string][]condition // filter[0][…] is in "0"; those in "" must always hold
	either     bool                   // of the numbered groups, one is enough
	sort       string
	descending bool
}

// A condition compares one field with the values of one filter.
type condition struct {
	field, op string
	values    []string
	exact     bool // datetimes are compared by the second, not by the day
}

// filterName takes filter[0][date][gt_eq][] apart.
var filterName = regexp.MustCompile(`^filter(?:\[(\d+)\])?\[([a-z_]+)\](?:\[([a-z_]+)\])?(?:\[\])?$`)

// filterOps say which results of a comparison satisfy an operator. Those that
// begin with not_ are negated elsewhere, and those with contain compare nothing.
var filterOps = map[string]func(result int) bool{
	"eq":          func(result int) bool { return result == 0 },
	"not_eq":      func(result int) bool { return result == 0 },
	"gt":          func(result int) bool { return result > 0 },
	"gt_eq":       func(result int) bool { return result >= 0 },
	"lt":          func(result int) bool { return result < 0 },
	"lt_eq":       func(result int) bool { return result <= 0 },
	"contains":    nil,
	"not_contain": nil,
}

// skipDateCast is the feature flag that makes datetime filters exact.
const skipDateCast = "filteringSkipDatetimeCastToDate"

// parseQuery reads a query. The order of a list without sort is undocumented.
// Here the newest come first, which helps least: what is inserted while a
// client reads appears on pages that it has read.
func (s *Sandbox) parseQuery(parameters url.Values, flags string) (query, *answer) {
	q := query{groups: map[string][]condition{}, either: parameters.Get("filter[$op]") == "or"}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if !strings.HasPrefix(name, "filter[") || name == "filter[$op]" {
			continue
		}
		problem := name
		if part := filterName.FindStringSubmatch(name); part != nil {
			c := condition{part[2], cmp.Or(part[3], "eq"), parameters[name], strings.Contains(flags, skipDateCast)}
			problem = c.check()
			q.groups[part[1]] = append(q.groups[part[1]], c)
		}
		if problem != "" {
			return q, s.badRequest("unsupported_filter", "Unsupported Filter", problem)
		}
	}
	sort := cmp.Or(parameters.Get("sort"), "-date")
	q.sort, q.descending = strings.TrimPrefix(sort, "-"), strings.HasPrefix(sort, "-")
	if !slices.Contains(olderSorts, q.sort) && (s.opt.Productive.NoSortByID || !slices.Contains(newerSorts, q.sort)) {
		return q, s.badRequest("unsupported_sort", "Unsupported Sort", sort)
	}
	return q, nil
}

// check names what the vendor does not know of a condition. It rewrites
// date_after and the like as operators; that they include the day itself is
// known of time entries only.
func (c *condition) check() (problem string) {
	if !slices.Contains(filters, c.field) {
		return c.field
	}
	if _, known := filterOps[c.op]; !known {
		return c.field + "[" + c.op + "]"
	}
	if field, ok := strings.CutSuffix(c.field, "_after"); ok {
		c.field, c.op = field, "gt_eq"
	}
	if field, ok := strings.CutSuffix(c.field, "_before"); ok {
		c.field, c.op = field, "lt_eq"
	}
	for _, value := range c.values {
		if (c.field == "date" || c.field == "created_at") && (dayNumber(value) == 0 || filterOps[c.op] == nil) {
			return c.field + ": " + value
		}
	}
	return ""
}

// matches reports whether a record passes the plain conditions, and all or one
// of the numbered groups.
func (q query) matches(b *book[Expense], id int, e entry) bool {
	passed, numbered := 0, 0
	for number, conditions := range q.groups {
		fails := slices.ContainsFunc(conditions, func(c condition) bool { return !c.matches(b, id, e) })
		switch {
		case number != "":
			numbered++
			if !fails {
				passed++
			}
		case fails:
			return false
		}
	}
	return passed == numbered || q.either && passed > 0
}

// matches reports whether one of the values fits or, for not_eq and
// not_contain, none.
func (c condition) matches(b *book[Expense], id int, e entry) bool {
	holds := filterOps[c.op]
	return strings.HasPrefix(c.op, "not_") != slices.ContainsFunc(c.values, func(value string) bool {
		switch c.field {
		case "date":
			return holds(cmp.Compare(e.day, dayNumber(value)))
		case "created_at":
			return holds(c.compareCreated(e.at, value))
		}
		expense, _ := b.get(id)
		field := fields[c.field](&expense)
		if holds == nil {
			return strings.Contains(strings.ToLower(fmt.Sprint(field)), strings.ToLower(value))
		}
		if number, ok := field.(int64); ok {
			n, err := strconv.ParseInt(value, 10, 64)
			return err == nil && holds(cmp.Compare(number, n))
		}
		return holds(compare(field, value))
	})
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

// compare orders two values of the same field.
func compare(a, b any) int {
	if n, number := a.(int64); number {
		return cmp.Compare(n, b.(int64))
	}
	return cmp.Compare(a.(string), b.(string))
}

// run returns the ids of the records that match, in order.
func (q query) run(b *book[Expense]) []int32 {
	ids := b.selectIDs(func(id int, e entry) bool { return q.matches(b, id, e) })
	if q.keyset() {
		slices.SortFunc(ids, func(x, y int32) int { return q.position(b, x).compare(q.position(b, y)) })
		return ids
	}
	keys := map[int32]any{}
	for _, id := range ids {
		e, _ := b.get(int(id))
		keys[id] = fields[q.sort](&e)
	}
	slices.SortStableFunc(ids, func(x, y int32) int {
		if q.descending {
			x, y = y, x
		}
		return compare(keys[x], keys[y])
	})
	return ids
}

// keyset reports whether a cursor can run along the sort.
func (q query) keyset() bool { return q.sort == "id" || q.sort == "date" || q.sort == "created_at" }

// A position in a list that a cursor can run along: the key of a record, and
// its id. Both are negative where the list descends.
type position struct {
	Key int64 `json:"k"`
	ID  int32 `json:"i"`
}

func (q query) position(b *book[Expense], id int32) position {
	key := int64(id)
	switch e := b.entries[id-1]; q.sort {
	case "date":
		key = int64(e.day)
	case "created_at":
		key = e.at
	}
	if q.descending {
		return position{-key, -id}
	}
	return position{key, id}
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.Key, q.Key), cmp.Compare(p.ID, q.ID))
}

func (p position) encode() string { return base64.RawURLEncoding.EncodeToString(encode(p)) }

func decodePosition(cursor string) (p position, err error) {
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(data, &p)
}
