package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A relation is a relationship of an expense to one object.
type relation struct {
	name string
	kind string             // of the object; empty: it cannot be included
	id   func(*Expense) int // of the object, 0 for none
}

// relations follow organization, in the order the API serves them.
var relations = []relation{
	{"deal", "deals", func(e *Expense) int { return e.Deal }},
	{"service_type", "service_types", func(e *Expense) int { return e.ServiceType }},
	{"person", "people", func(e *Expense) int { return e.Person }},
	{"creator", "people", func(e *Expense) int { return e.Creator }},
	{"approver", "people", func(e *Expense) int { return choice(e.Approved, e.Creator, 0) }},
	{"rejecter", "people", func(e *Expense) int { return choice(e.Rejected, e.Creator, 0) }},
	{"vendor", "companies", func(e *Expense) int { return e.Vendor }},
	{"service", "services", func(e *Expense) int { return e.Deal }},
	{"purchase_order", "purchase_orders", func(e *Expense) int { return e.PurchaseOrder }},
	{"tax_rate", "tax_rates", func(*Expense) int { return 0 }},
	{"attachment", "attachments", func(*Expense) int { return 0 }},
	{name: "custom_field_people"},
	{name: "custom_field_attachments"},
	{name: "approval_statuses"},
}

// choice is a conditional expression.
func choice[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// appendExpense writes one JSON:API object. Only relationships in include
// carry data; the others say meta.included false, and not even an id.
func (c *catalog) appendExpense(b []byte, e *Expense, cents bool, include []*relation) []byte {
	b = fmt.Appendf(b, `{"id":"%d","type":"expenses","attributes":`, e.ID)
	if e.Attributes == nil {
		b = e.appendAttributes(b, cents)
	} else {
		b = append(b, merge(e.appendAttributes(nil, cents), e.Attributes)...)
	}
	b = fmt.Appendf(b, `,"relationships":{"organization":{"data":{"type":"organizations","id":"%s"}}`, c.organization)
	for i := range relations {
		r := &relations[i]
		b = append(append(append(b, `,"`...), r.name...), `":`...)
		switch {
		case !slices.Contains(include, r):
			b = append(b, `{"meta":{"included":false}}`...)
		case r.id(e) == 0:
			b = append(b, `{"data":null}`...)
		default:
			b = fmt.Appendf(b, `{"data":{"type":"%s","id":"%d"}}`, r.kind, r.id(e))
		}
	}
	return append(b, "}}"...)
}

// appendIncluded writes the array of objects that expenses refer to, each once,
// if the request asks for any.
func (c *catalog) appendIncluded(b []byte, expenses []Expense, include []*relation) []byte {
	if len(include) == 0 {
		return b
	}
	seen := map[reference]bool{}
	objects := [][]byte{}
	for i := range expenses {
		for _, r := range include {
			ref := reference{r.kind, r.id(&expenses[i])}
			if ref.id == 0 || seen[ref] {
				continue
			}
			seen[ref] = true
			if object := c.object(ref); object != nil {
				objects = append(objects, object)
			}
		}
	}
	return fmt.Appendf(b, `,"included":[%s]`, bytes.Join(objects, []byte{','}))
}

// A reference names an object that expenses may include.
type reference struct {
	kind string
	id   int
}

// object returns an included object as JSON:API, or nil if there is none.
func (c *catalog) object(ref reference) []byte {
	if known, ok := c.encoded.Load(ref); ok {
		return known.([]byte)
	}
	attributes := c.attributes(ref)
	if attributes == nil {
		return nil
	}
	object := encode(map[string]any{
		"id": itoa(ref.id), "type": ref.kind, "attributes": attributes,
		"relationships": map[string]any{"organization": map[string]any{
			"data": map[string]any{"type": "organizations", "id": c.organization},
		}},
	})
	c.encoded.Store(ref, object)
	return object
}

// attributes of an object, nil if there is none.
func (c *catalog) attributes(ref reference) map[string]any {
	contact := map[string]any{"emails": []any{}, "phones": []any{}, "addresses": []any{}}
	switch ref.kind {
	case "people":
		p := byID(c.people, firstPerson, ref.id)
		if p.ID == 0 {
			return nil
		}
		archivedAt := choice[any](p.Archived, "2025-11-30T12:00:00.000+02:00", nil)
		return map[string]any{
			"email": nullable(p.Email), "first_name": nullable(p.First), "last_name": nullable(p.Last), "nickname": nil,
			"title": nil, "is_user": !p.Placeholder, "placeholder": p.Placeholder, "virtual": false, "agent": false,
			"archived_at": archivedAt, "deactivated_at": archivedAt, "created_at": "2024-01-08T09:00:00.000+02:00",
			"custom_fields": nil, "external_id": nil, "contact": contact,
		}
	case "companies":
		name := byID(c.companies, firstCompany, ref.id)
		if name == "" {
			return nil
		}
		return map[string]any{
			"name": name, "billing_name": nil, "vat": nil, "default_currency": nil, "company_code": nil, "domain": nil,
			"archived_at": nil, "external_id": nil, "parent_company_id": nil, "contact": contact,
		}
	case "service_types":
		if name := byID(services, firstService, ref.id); name != "" {
			return map[string]any{"name": name, "description": nil, "archived_at": nil}
		}
	case "purchase_orders":
		return map[string]any{"number": "PO-" + itoa(ref.id), "name": "Order " + itoa(ref.id), "archived_at": nil}
	case "deals":
		return map[string]any{"name": "Budget " + itoa(ref.id), "currency": "EUR", "budget": true}
	case "services":
		return map[string]any{"name": "Service " + itoa(ref.id), "description": nil}
	}
	return nil
}

func nullable(s string) any { return choice[any](s == "", nil, s) }

// encode writes JSON that is known to be encodable. Unlike json.Marshal it
// leaves <, > and & as they are, so that what a client posted is shown as it
// arrived.
func encode(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

func quote(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, s) // replaces what is not UTF-8
	return string(quoted)
}

func quoteOrNull(s string) string { return choice(s == "", "null", quote(s)) }

func instantOrNull(t time.Time) string {
	if t.IsZero() {
		return "null"
	}
	return t.In(organizationZone).Format(`"` + instant + `"`)
}
