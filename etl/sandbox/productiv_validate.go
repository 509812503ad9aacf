package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A spend record as it arrived, with what identifies it.
type spend struct {
	signature string // signatureId, if it has one
	key       string // signature, or transactionNumber
	body      json.RawMessage
}

// Fields of the two generations of the record: schemas/README.md, Productiv: the
// record.
var (
	required      = []string{"created", "amount", "currency", "identifier", "type", "vendor"}
	optional      = []string{"name", "category"}
	financeFields = slices.Concat(required, optional, []string{"description", "transactionNumber"})
	spendFields   = slices.Concat(required, optional, []string{"signatureId", "additionalData1", "additionalData2", "additionalData3"})
)

// oldestCreated tells milliseconds from seconds: it is 1973 in the former and
// the year 5138 in the latter.
const oldestCreated = 100_000_000_000

// validate reads one record, or says what is wrong with it.
func (p Productiv) validate(record json.RawMessage) (spend, string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(record, &fields) != nil || fields == nil {
		return spend{}, "record must be an object"
	}
	texts := map[string]string{}
	for name, value := range fields {
		if problem := p.checkField(name, value, texts); problem != "" {
			return spend{}, problem
		}
	}
	for _, name := range required {
		if value, ok := fields[name]; !ok || string(value) == "null" || string(value) == `""` {
			return spend{}, name + " is required"
		}
	}
	r := spend{signature: texts["signatureId"], key: texts["signatureId"], body: record}
	if r.key == "" {
		r.key = texts["transactionNumber"]
	}
	if slices.Contains(p.Poison, texts["vendor"]) || slices.Contains(p.Poison, r.key) {
		return spend{}, "Invalid payload"
	}
	return r, ""
}

// checkField checks one field's type and value, and notes texts.
func (p Productiv) checkField(name string, value json.RawMessage, texts map[string]string) string {
	known := map[string][]string{"finance": financeFields, "spend": spendFields}[p.Strict]
	if known != nil && !slices.Contains(known, name) {
		return name + " is not expected"
	}
	switch name {
	case "created":
		ms, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || ms < oldestCreated {
			return "created must be a Unix timestamp in milliseconds"
		}
		return ""
	case "amount":
		if _, err := strconv.ParseFloat(string(value), 64); err != nil {
			return "amount must be a number"
		}
		return ""
	}
	if !slices.Contains(financeFields, name) && !slices.Contains(spendFields, name) {
		return "" // unknown fields are ignored
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return name + " must be a string"
	}
	texts[name] = text
	switch {
	case name == "currency" && !isCurrency(text):
		return "currency must be an ISO 4217 code"
	case name == "type" && text != "expense" && text != "invoice":
		return "type must be expense or invoice"
	}
	return ""
}

func isCurrency(code string) bool { return len(code) == 3 && strings.Contains(iso4217, " "+code+" ") }

// iso4217 are the active codes, and HRK, which was one until 2023.
const iso4217 = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF" +
	" CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK" +
	" HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA" +
	" MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB" +
	" RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU" +
	" UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
