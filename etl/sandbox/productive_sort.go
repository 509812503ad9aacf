package sandbox

import (
	"cmp"
	"fmt"
	"strings"
)

// sorts are those of the older documents (true) and those that only the newer
// ones have.
var sorts = map[string]bool{
	"name": true, "date": true, "pay_on": true, "paid_on": true, "amount": true, "billable_amount": true, "profit": true,
	"deal.company.name": true, "deal.project.name": true, "deal.name": true, "service_type.name": true, "invoicing_status": true,
	"id": false, "created_at": false, "draft": false, "deal_name": false, "service_type_name": false,
}

// parseSort reads sort and reports whether the vendor knows it. The order
// unasked is undocumented; here it is newest first, which is the least helpful:
// what is inserted while a client reads appears on pages it has behind it.
func (q *query) parseSort(text string, seedOnly bool) bool {
	if text == "" {
		text = "-date"
	}
	q.sort, q.descending = strings.TrimPrefix(text, "-"), strings.HasPrefix(text, "-")
	inSeed, known := sorts[q.sort]
	return known && (inSeed || !seedOnly)
}

// keyset reports whether a cursor can run along the sort.
func (q query) keyset() bool { return q.sort == "id" || q.sort == "date" || q.sort == "created_at" }

// position is where a record stands in a keyset sort.
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

// run returns the ids of the records that match, in order.
func (q query) run(b *book[Expense]) []int32 {
	ids := b.selectIDs(func(id int, e entry) bool { return q.matches(b, id, e) })
	if q.keyset() {
		sortIDs(ids, func(x, y int32) int { return q.position(b, x).compare(q.position(b, y)) })
		return ids
	}
	keys := map[int32]string{}
	for _, id := range ids {
		e, _ := b.get(int(id))
		keys[id] = sortText(&e, q.sort)
	}
	sortIDs(ids, func(x, y int32) int {
		if q.descending {
			x, y = y, x
		}
		return cmp.Compare(keys[x], keys[y])
	})
	return ids
}

// sortText is what an expense is sorted by where no cursor can run.
func sortText(e *Expense, sort string) string {
	switch sort {
	case "name":
		return e.Name
	case "pay_on":
		return e.PayOn
	case "paid_on":
		return e.PaidOn
	case "amount":
		return ordered(e.Amount)
	case "billable_amount":
		return ordered(e.BillableAmount)
	case "profit":
		return ordered(e.amounts()[3])
	case "service_type.name", "service_type_name":
		name, _ := serviceName(e.ServiceType)
		return name
	}
	return ordered(int64(e.Deal))
}

// ordered writes a number so that text order is number order.
func ordered(n int64) string { return fmt.Sprintf("%020d", n+1<<60) }

// matches reports whether a record passes the plain conditions, and all or one
// of the numbered groups.
func (q query) matches(b *book[Expense], id int, e entry) bool {
	if !all(q.plain, b, id, e) {
		return false
	}
	for _, group := range q.groups {
		if all(group, b, id, e) == q.either {
			return q.either
		}
	}
	return len(q.groups) == 0 || !q.either
}

func all(conditions []condition, b *book[Expense], id int, e entry) bool {
	for _, c := range conditions {
		if !c.matches(b, id, e) {
			return false
		}
	}
	return true
}
