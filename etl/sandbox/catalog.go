package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A catalog holds what expenses and transactions refer to. It is small and
// whole; records are many and made when asked for.
type catalog struct {
	organization string
	people       []person
	companies    []company
	encoded      sync.Map // reference to JSON; who changes an object deletes it
}

// A person submits expenses and holds cards. Ids count from firstPerson.
type person struct {
	ID          int    `json:"id"`
	First       string `json:"first_name"`
	Last        string `json:"last_name"` // empty: served as null
	Email       string `json:"email"`     // empty: served as null
	Placeholder bool   `json:"placeholder"`
	Archived    bool   `json:"archived"`
}

// A company is a vendor at Productive.io, where vendors are ordinary CRM
// companies. Ids count from firstCompany.
type company struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// The first ids of the kinds of object, far enough apart to be told by sight.
const (
	firstPerson  = 9001
	firstCompany = 20001
	firstService = 300
	firstOrder   = 7001
	firstDeal    = 8001
)

// People that traps refer to, by their place in the list.
const (
	noEmail = iota
	noLastName
	placeholderPerson
	namesakeOne
	namesakeTwo
	archivedPerson
	plainPeople // from here on, nothing is special
)

var names = []string{
	"Priya Raman", "José Núñez", "Zoë Müller", "Łukasz Wójcik", "Siobhán O'Brien", "Kenji Tanaka", "Amara Okafor",
	"Mateo García", "Ingrid Sørensen", "Chloé Lefèvre", "David Cohen", "Fatima Al-Sayed", "Noah Williams", "Mia Johnson",
	"Oliver Brown", "Emma Davis", "Lucas Martin", "Ana Kovačić", "Ivan Horvat", "Sofia Rossi", "Wei Chen", "Ravi Patel",
	"Hannah Fischer", "Jonas Weber", "Elif Yılmaz", "Tomáš Dvořák", "Grace Kim", "Daniel Novak", "Laura Bianchi", "Peter van Dijk",
}

// newCatalog makes people and companies. They do not depend on the seed, so
// that a vendor or person named in a test stays where it is.
func newCatalog(organization string) *catalog {
	c := &catalog{organization: organization, people: []person{
		{First: "Robin", Last: "Quist"},
		{First: "Madonna", Email: "madonna@acme.example"},
		{First: "Contractor", Last: "Design", Placeholder: true},
		{First: "Anna", Last: "Schmidt", Email: "anna.schmidt@acme.example"},
		{First: "Anna", Last: "Schmidt", Email: "anna.schmidt2@acme.example"},
		{First: "Walter", Last: "Gone", Email: "Walter.Gone@ACME.example ", Archived: true},
	}}
	for i, name := range names {
		first, last, _ := strings.Cut(name, " ")
		c.people = append(c.people, person{First: first, Last: last, Email: fmt.Sprintf("user%02d@acme.example", i+1)})
	}
	for i := range c.people {
		c.people[i].ID = firstPerson + i
	}
	for i, name := range vendorNames() {
		c.companies = append(c.companies, company{firstCompany + i, name})
	}
	return c
}

func (c *catalog) person(id int) (person, bool) {
	if i := id - firstPerson; i >= 0 && i < len(c.people) {
		return c.people[i], true
	}
	return person{}, false
}

func (c *catalog) company(id int) (company, bool) {
	if i := id - firstCompany; i >= 0 && i < len(c.companies) {
		return c.companies[i], true
	}
	return company{}, false
}

// services are the service types; their names become categories.
var services = []string{
	"Software & Web Services", "Travel:Air", "Travel:Hotel", "Meals", "Office Supplies", "Hosting", "Contractors",
	"Marketing", "Training", "Hardware", "Printing", "Miscellaneous",
}

func serviceName(id int) (string, bool) {
	if i := id - firstService; i >= 0 && i < len(services) {
		return services[i], true
	}
	return "", false
}

// uuid makes a stable version 4 UUID of a kind and a number.
func uuid(kind byte, n int) string {
	return fmt.Sprintf("%02x%06x-5a4d-4b0c-8d0e-%012x", kind, n, n)
}

// cardholderUUID names a person at Procurify, which has no e-mail there.
func cardholderUUID(p person) string { return uuid('c', p.ID) }

func itoa(n int) string { return strconv.Itoa(n) }
