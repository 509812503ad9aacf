package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A catalog holds the people and companies that records refer to.
type catalog struct {
	organization string
	people       []person
	companies    []string // names of vendors, which are ordinary CRM companies at Productive.io
	encoded      sync.Map // JSON by reference; a change of an object deletes it
}

// A person submits expenses and holds cards.
type person struct {
	ID          int
	First       string
	Last        string // empty: served as null
	Email       string // empty: served as null
	Placeholder bool
	Archived    bool
}

// The first id of each kind of object, far enough apart to tell kinds by sight.
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
// that a test can name them.
func newCatalog(organization string) *catalog {
	c := &catalog{organization: organization, companies: vendorNames(), people: []person{
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
	return c
}

// byID returns the object with an id, or the zero value. Ids start at first.
func byID[T any](objects []T, first, id int) (object T) {
	if i := id - first; i >= 0 && i < len(objects) {
		object = objects[i]
	}
	return object
}

// services are the service types; their names become categories.
var services = []string{
	"Software & Web Services", "Travel:Air", "Travel:Hotel", "Meals", "Office Supplies", "Hosting", "Contractors",
	"Marketing", "Training", "Hardware", "Printing", "Miscellaneous",
}

// families are vendors as people and card networks spell them: processor
// prefixes, store numbers, legal suffixes, accents, capitals. The spellings
// of one line are one vendor.
var families = [][]string{
	{"GitHub", "GITHUB, INC.", "GitHub Inc", "Git Hub"},
	{"Amazon Web Services", "AMAZON WEB SERVICES, INC.", "Amazon Web Services EMEA SARL", "AWS"},
	{"Amazon", "AMZN Mktp US", "Amazon.com, Inc.", "AMAZON #0423"},
	{"Google Cloud", "GOOGLE*CLOUD", "Google Cloud EMEA Limited"},
	{"Slack", "SLACK TECHNOLOGIES, LLC", "Slack Technologies Ltd"},
	{"Atlassian", "ATLASSIAN PTY LTD", "Atlassian Pty. Ltd."},
	{"Figma", "FIGMA, INC.", "PAYPAL *FIGMA"},
	{"Notion", "NOTION LABS, INC.", "PAYPAL *NOTION"},
	{"Zoom", "ZOOM.US", "Zoom Video Communications, Inc."},
	{"Dropbox", "DROPBOX, INC.", "Dropbox International Unlimited Company"},
	{"Starbucks", "STARBUCKS #12345", "Starbucks Store 05512", "TST* STARBUCKS"},
	{"Uber", "UBER *TRIP", "Uber B.V.", "UBER EATS"},
	{"Lyft", "LYFT *RIDE SUN 5PM", "Lyft, Inc."},
	{"Delta Air Lines", "DELTA AIR LINES, INC.", "DELTA 0062341"},
	{"Lufthansa", "DEUTSCHE LUFTHANSA AG", "Lufthansa AG"},
	{"Air France", "AIR FRANCE", "Société Air France"},
	{"Marriott", "MARRIOTT #2210", "Marriott International, Inc."},
	{"Hôtel du Nord", "HOTEL DU NORD", "Hotel du Nord SARL"},
	{"Café Zoë", "CAFE ZOE", "SQ *CAFE ZOE", "Cafe Zoe LLC"},
	{"Blue Bottle Coffee", "SQ *BLUE BOTTLE COFFEE", "BLUE BOTTLE COFFEE #88"},
	{"Staples", "STAPLES #1187", "Staples, Inc.", "STAPLES       00109876"},
	{"Office Depot", "OFFICE DEPOT #564", "Office Depot LLC"},
	{"Müller & Söhne", "MUELLER & SOEHNE GMBH", "Müller & Söhne GmbH"},
	{"Ørsted", "ORSTED A/S", "Ørsted A/S"},
	{"Łódź Print", "LODZ PRINT SP. Z O.O.", "Łódź Print Sp. z o.o."},
	{"3M", "3M COMPANY", "3M Deutschland GmbH"},
	{"7-Eleven", "7-ELEVEN 36112", "7 ELEVEN, INC."},
	{"A.B. Dick", "AB DICK", "A. B. Dick Company"},
	{"Hetzner", "HETZNER ONLINE GMBH", "Hetzner Online GmbH"},
	{"DigitalOcean", "DIGITALOCEAN.COM", "DigitalOcean, LLC"},
	{"東京印刷株式会社", "TOKYO PRINTING K.K."},
	{"Initech", "INITECH LLC", "Initech, L.L.C."},
	{"Globex", "GLOBEX CORPORATION", "Globex Corp."},
	{"The Printer’s Shop", "THE PRINTER'S SHOP", "PRINTERS SHOP, THE"},
}

// The long tail of vendors is every first word with every second one.
var (
	tailFirst = []string{
		"Northwind", "Bluebird", "Summit", "Harbor", "Maple", "Granite", "Silverline", "Redwood", "Lakeside", "Evergreen",
		"Cobalt", "Prairie", "Juniper", "Beacon", "Falcon", "Copper", "Willow", "Atlas", "Orchid", "Keystone",
	}
	tailSecond = []string{
		"Catering", "Logistics", "Studios", "Consulting", "Printing", "Supplies", "Electric", "Media", "Travel", "Analytics",
		"Legal", "Robotics", "Translations", "Cleaning", "Events", "Security", "Couriers", "Hosting", "Design", "Staffing",
	}
)

// vendorNames lists every spelling, the families first.
func vendorNames() []string {
	var all []string
	for _, family := range families {
		all = append(all, family...)
	}
	for _, first := range tailFirst {
		for _, second := range tailSecond {
			all = append(all, first+" "+second)
		}
	}
	return append(all, oddVendors...)
}

// oddVendors are names that only traps use: white space and control
// characters, markup, a name that is nothing but a suffix, one of 300
// characters.
var oddVendors = []string{
	"  Spaced   Out\u00a0Ltd ",
	"Tab\tand\nNewline Inc",
	`Quote "and" back\slash <b>&amp;`,
	"LLC",
	"#4711",
	"🚀 Rocket Snacks",
	strings.Repeat("Very Long ", 30) + "Vendor",
}

// uuid makes a stable version 4 UUID of a kind and a number.
func uuid(kind byte, n int) string {
	return fmt.Sprintf("%02x%06x-5a4d-4b0c-8d0e-%012x", kind, n, n)
}

func itoa(n int) string { return strconv.Itoa(n) }
