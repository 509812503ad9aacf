package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// relationships of an expense after organization, in the order the API serves
// them.
var relationships = []string{
	"deal", "service_type", "person", "creator", "approver", "rejecter", "vendor", "service", "purchase_order",
	"tax_rate", "attachment", "custom_field_people", "custom_field_attachments", "approval_statuses",
}

// relatedTypes are the relationships that include accepts, with the type of
// the object they lead to.
var relatedTypes = map[string]string{
	"deal": "deals", "service_type": "service_types", "person": "people", "creator": "people",
	"approver": "people", "rejecter": "people", "vendor": "companies", "service": "services",
	"purchase_order": "purchase_orders", "tax_rate": "tax_rates", "attachment": "attachments",
}

// related returns the id a relationship leads to, 0 for none.
func (e *Expense) related(name string) int {
	switch name {
	case "deal", "service":
		return e.Deal
	case "service_type":
		return e.ServiceType
	case "person":
		return e.Person
	case "creator":
		return e.Creator
	case "approver":
		if e.Approved {
			return e.Creator
		}
	case "rejecter":
		if e.Rejected {
			return e.Creator
		}
	case "vendor":
		return e.Vendor
	case "purchase_order":
		return e.PurchaseOrder
	}
	return 0
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
	attributes := c.attributes(ref.kind, ref.id)
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

func (c *catalog) attributes(kind string, id int) map[string]any {
	switch kind {
	case "people":
		if p, ok := c.person(id); ok {
			return p.attributes()
		}
	case "companies":
		if v, ok := c.company(id); ok {
			return v.attributes()
		}
	case "service_types":
		if name, ok := serviceName(id); ok {
			return map[string]any{"name": name, "description": nil, "archived_at": nil}
		}
	case "purchase_orders":
		return map[string]any{"number": "PO-" + itoa(id), "name": "Order " + itoa(id), "archived_at": nil}
	case "deals":
		return map[string]any{"name": "Budget " + itoa(id), "currency": "EUR", "budget": true}
	case "services":
		return map[string]any{"name": "Service " + itoa(id), "description": nil}
	}
	return nil
}

func (p person) attributes() map[string]any {
	return map[string]any{
		"email": nullable(p.Email), "first_name": nullable(p.First), "last_name": nullable(p.Last), "nickname": nil,
		"title": nil, "is_user": !p.Placeholder, "placeholder": p.Placeholder, "virtual": false, "agent": false,
		"archived_at": archivedAt(p.Archived), "deactivated_at": archivedAt(p.Archived),
		"created_at": "2024-01-08T09:00:00.000+02:00", "custom_fields": nil, "external_id": nil,
		"contact": map[string]any{"emails": []any{}, "phones": []any{}, "addresses": []any{}},
	}
}

func (v company) attributes() map[string]any {
	return map[string]any{
		"name": v.Name, "billing_name": nil, "vat": nil, "default_currency": nil, "company_code": nil, "domain": nil,
		"archived_at": nil, "external_id": nil, "parent_company_id": nil,
		"contact": map[string]any{"emails": []any{}, "phones": []any{}, "addresses": []any{}},
	}
}

func archivedAt(archived bool) any {
	if archived {
		return "2025-11-30T12:00:00.000+02:00"
	}
	return nil
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

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

func appendReference(b []byte, kind string, id int) []byte {
	if id == 0 {
		return append(b, `{"data":null}`...)
	}
	b = append(b, `{"data":{"type":"`...)
	b = append(b, kind...)
	b = append(b, `","id":"`...)
	b = appendInt(b, id)
	return append(b, `"}}`...)
}

func appendMoney(b []byte, name, suffix string, amount int64) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, suffix...)
	b = append(b, '"', ':')
	return strconv.AppendInt(b, amount, 10)
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

func appendBool(b []byte, label string, v bool) []byte {
	return strconv.AppendBool(append(b, label...), v)
}

func appendTime(b []byte, label string, t time.Time) []byte {
	b = append(b, label...)
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.In(organizationZone).AppendFormat(b, instant)
	return append(b, '"')
}

func appendNullable(b []byte, label, s string) []byte {
	if s == "" {
		return append(append(b, label...), "null"...)
	}
	return appendText(b, label, s)
}

// appendText writes a JSON string, quickly where nothing needs escaping.
func appendText(b []byte, label, s string) []byte {
	b = append(b, label...)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return append(b, encode(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
