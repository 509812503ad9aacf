package sandbox

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
	longVendor(),
}

func longVendor() string {
	name := ""
	for range 30 {
		name += "Very Long "
	}
	return name + "Vendor"
}
