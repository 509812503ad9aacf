package transform

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/currency"

	"spendbridge/etl/warehouse"
)

type seedCurrency struct {
	Exponent int
	Unit     string
	Historic bool
}

func seedCurrencies(t *testing.T) map[string]seedCurrency {
	t.Helper()
	db := openWith(t, map[string]string{
		"test/currencies.sql": `select currency, exponent, unit::varchar, historic from staging.seed_currencies`,
	})
	if _, err := db.Exec(t.Context(), "2_staging/seed_currencies.sql", nil); err != nil {
		t.Fatal(err)
	}
	all := map[string]seedCurrency{}
	err := db.Each(t.Context(), "test/currencies.sql", warehouse.Args{}, func(rows *sql.Rows) error {
		var code string
		var c seedCurrency
		err := rows.Scan(&code, &c.Exponent, &c.Unit, &c.Historic)
		if _, twice := all[code]; twice {
			t.Errorf("%s is there twice", code)
		}
		all[code] = c
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSeedCurrencies(t *testing.T) {
	all := seedCurrencies(t)
	tests := map[string]seedCurrency{
		"USD": {2, "0.0100", false},
		"JPY": {0, "1.0000", false},
		"KWD": {3, "0.0010", false},
		"CLF": {4, "0.0001", false},
		"UYW": {4, "0.0001", false},
		"IQD": {3, "0.0010", false},
		"MGA": {2, "0.0100", false},
		"ISK": {0, "1.0000", false},
		"UGX": {0, "1.0000", false},
		"HRK": {2, "0.0100", true},
		"BGN": {2, "0.0100", true},
		"DEM": {2, "0.0100", true},
		"FRF": {2, "0.0100", true},
		"ITL": {0, "1.0000", true},
		"VEF": {2, "0.0100", true},
		"ZWL": {2, "0.0100", true},
		"BYR": {0, "1.0000", true},
	}
	for code, want := range tests {
		if diff := cmp.Diff(want, all[code]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
	}
	for _, code := range []string{"XAU", "XAG", "XDR", "XTS", "XXX", "XBA", "BTC", "usd", ""} {
		if c, ok := all[code]; ok {
			t.Errorf("%q is no currency to spend, but is there as %+v", code, c)
		}
	}
}

// textDiffers lists where x/text (CLDR 32, of 2017) is not right for money
// that is sent: why, and which currencies.
var textDiffers = map[string]string{
	"CLDR leaves out minor units that no coin is struck in, ISO 4217 keeps them": `AFN ALL AMD COP GYD IDR IQD IRR KPW
		LAK LBP MGA MMK MNT MRO MUR PKR RSD SLL SOS STD SYP TMM TZS UZS YER ZMK ZWD`,
	"newer than CLDR 32": "MRU SLE UYW VED VES XAD XCG ZWG",
	"withdrawn before CLDR's tables begin, or never in them": `ARY AYM BGJ BGK CHC CSJ EQE GHP GNE LAJ LSM MVQ PEH ROK
		UGW UYN VNC ZWC ZWN`,
	"CLDR gives two minor units by default; the last money issued had none": "BEF BYB GRD PTE TPE",
}

func TestSeedCurrenciesAgreeWithText(t *testing.T) {
	differs := map[string]bool{}
	for _, codes := range textDiffers {
		for _, code := range strings.Fields(codes) {
			differs[code] = true
		}
	}
	for code, seed := range seedCurrencies(t) {
		unit, err := currency.ParseISO(code)
		scale, _ := currency.Standard.Rounding(unit)
		agrees := err == nil && scale == seed.Exponent
		if agrees == differs[code] {
			t.Errorf("%s has %d decimals here and %d in x/text (%v); listed as different: %v",
				code, seed.Exponent, scale, err, differs[code])
		}
	}
}

// notSpent are codes of x/text that no amount of spend carries: metals and
// units of account, and codes that are CLDR's own and not of ISO 4217.
const notSpent = `XAG XAU XBA XBB XBC XBD XDR XFO XFU XPD XPT XRE XSU XTS XUA XXX
	ARL ARM BAN BGM BGO BOL BRZ CLE CNH CNX KRH KRO MAF MCF MDC MKN VNN YUR`

func TestSeedCurrenciesKnowEveryTenderOfText(t *testing.T) {
	all := seedCurrencies(t)
	for tender := currency.Query(currency.Historical, currency.NonTender); tender.Next(); {
		code := tender.Unit().String()
		if _, ok := all[code]; !ok && !strings.Contains(notSpent, code) {
			t.Errorf("%s is missing: tender in %v from %v", code, tender.Region(), first(tender.From()))
		}
	}
}

func first[T any](value T, _ bool) T { return value }
