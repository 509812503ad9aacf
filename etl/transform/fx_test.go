package transform

import (
	"archive/zip"
	"bytes"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const bank = `Date,USD,JPY,KWD,TRL,
2026-01-06,1.1000,160.00,0.33,N/A,
2026-01-05,1.2500,N/A,,1834500,
2026-01-02,N/A,158.25,N/A,N/A,
`

func TestRatesCrossThroughTheEuro(t *testing.T) {
	tests := map[string]struct {
		reporting string
		want      string
	}{
		"into the euro": {"EUR", `2026-01-06 JPY 0.006250000000
2026-01-06 KWD 3.030303030303
2026-01-06 USD 0.909090909091
2026-01-05 TRL 0.000000545108
2026-01-05 USD 0.800000000000
2026-01-02 JPY 0.006319115324
`},
		"into the dollar, whose days without a rate are days without any": {"USD", `2026-01-06 EUR 1.100000000000
2026-01-06 JPY 0.006875000000
2026-01-06 KWD 3.333333333333
2026-01-05 EUR 1.250000000000
2026-01-05 TRL 0.000000681385
`},
		"into a currency the file does not have": {"GBP", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := rateLines([]byte(bank), tt.reporting)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("err %v, rates (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAZippedRatesFileReadsTheSame(t *testing.T) {
	want, err := rateLines([]byte(bank), "USD")
	if err != nil {
		t.Fatal(err)
	}
	got, err := rateLines(zipped(t, bank), "USD")
	if got != want || err != nil {
		t.Errorf("zipped: %q, %v; want %q", got, err, want)
	}
}

// zipped packs each text as a file of one archive.
func zipped(t testing.TB, texts ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, text := range texts {
		file, err := archive.Create("eurofxref-hist.csv")
		if err == nil {
			_, err = file.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFaultsInARatesFileNameTheirLine(t *testing.T) {
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"another layout":    {[]byte("<html>\n"), "line 1: does not begin with Date"},
		"a code twice":      {[]byte("Date,USD,USD\n"), `line 1: "USD" is not a currency code, or is listed twice`},
		"the euro itself":   {[]byte("Date,EUR\n"), `line 1: "EUR" is not`},
		"no code":           {[]byte("Date,,USD\n"), `line 1: "" is not`},
		"not a date":        {[]byte("Date,USD\n6.1.2026,1.1\n"), `line 2: "6.1.2026" is not a date such as 2026-01-31`},
		"a day twice":       {[]byte("Date,USD\n2026-01-06,1.1\n2026-01-06,1.2\n"), "line 3: 2026-01-06 is already on line 2"},
		"not a number":      {[]byte("Date,USD\n2026-01-06,n/a\n"), `line 2: "n/a" is not a rate`},
		"an exponent":       {[]byte("Date,USD\n2026-01-06,1e3\n"), `line 2: "1e3" is not a rate`},
		"zero":              {[]byte("Date,USD\n2026-01-06,0.000\n"), `line 2: "0.000" is not a rate`},
		"below zero":        {[]byte("Date,USD\n2026-01-06,-1.1\n"), `line 2: "-1.1" is not a rate`},
		"a decimal comma":   {[]byte("Date,USD\n2026-01-06,\"1,1\"\n"), `line 2: "1,1" is not a rate`},
		"outside the table": {[]byte("Date,USD,\n2026-01-06,1.1,5\n"), `line 2: "5" is not a rate`},
		"a column too many": {[]byte("Date,USD\n2026-01-06,1.1,5\n"), "line 2: wrong number of fields: 3 instead of 2"},
		"a broken archive":  {[]byte("PK\x03\x04…"), "zip: not a valid zip file"},
		"an archive of two": {zipped(t, bank, bank), "the archive holds 2 files, one is expected"},
		"nothing in it":     {zipped(t, ""), "is empty; it begins with Date,USD,JPY,…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			lines, err := rateLines(tt.content, "USD")
			if got := errorText(err); !strings.HasPrefix(got, tt.want) || got == "" {
				t.Errorf("got %q and error %q, want %q", lines, got, tt.want)
			}
		})
	}
}

func FuzzRateLines(f *testing.F) {
	f.Add([]byte(bank), "USD")
	f.Add(zipped(f, bank), "JPY")
	f.Add([]byte("Date,USD\n2026-01-06,000000000000.000000000001\n"), "EUR")
	line := regexp.MustCompile(`^(\d{4}-\d\d-\d\d [A-Z]{3} \d{1,8}\.\d{12}\n)*$`)
	f.Fuzz(func(t *testing.T, content []byte, reporting string) {
		lines, err := rateLines(content, reporting)
		if err == nil && !line.MatchString(lines) {
			t.Errorf("rates are not lines DuckDB can split: %q", lines)
		}
	})
}

// TestRatesAreNearestAndEven: no twelve-decimal number is nearer to the exact
// rate, and of two equally near ones the even one is taken.
func TestRatesAreNearestAndEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		exact := big.NewRat(rapid.Int64Range(1, 1e15).Draw(t, "numerator"), rapid.Int64Range(1, 1e15).Draw(t, "denominator"))
		decimals := rapid.IntRange(0, 14).Draw(t, "decimals")
		got := halfEven(exact, decimals)

		scaled := new(big.Rat).Mul(exact, new(big.Rat).SetInt(power10(decimals)))
		off := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(got))
		far := off.Abs(off).Cmp(big.NewRat(1, 2))
		if far > 0 || far == 0 && got.Bit(0) == 1 {
			t.Fatalf("halfEven(%s, %d) = %s, off by %s", exact, decimals, got, off)
		}
		if back, _ := new(big.Rat).SetString(decimal(got, decimals)); back.Cmp(new(big.Rat).SetFrac(got, power10(decimals))) != 0 {
			t.Fatalf("decimal(%s, %d) = %s", got, decimals, decimal(got, decimals))
		}
	})
}
