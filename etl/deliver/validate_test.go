package deliver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"spendbridge/etl/config"
	"spendbridge/schemas"
)

// The records that are posted, in either schema.
var records = map[string]string{
	config.SchemaFinance: `{"created":1772323200000,"amount":-200.1500,"currency":"USD","identifier":"a@example.com","type":"expense","vendor":"Gït \"Hub\" 😀","name":"n","category":"c","description":"d\\","transactionNumber":"a-1"}`,
	config.SchemaSpend:   `{"signatureId":"a-1","created":1772323200000,"amount":0.05,"currency":"EUR","identifier":"a@example.com","type":"invoice","vendor":"GitHub","name":"n","category":"c","additionalData1":"d","additionalData2":"e","additionalData3":"f"}`,
}

func TestTheFlatSchemaAcceptsWhatIsPosted(t *testing.T) {
	all, err := openSchemas(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	for name, record := range records {
		if !all[name].flat.accepts([]byte(record)) {
			t.Errorf("%s: the flat schema leaves %s to the full one", name, record)
		}
	}
}

// Whatever the flat schema accepts the full one accepts too, however a record
// is damaged.
func TestTheFlatSchemaAcceptsOnlyWhatIsValid(t *testing.T) {
	all, err := openSchemas(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("ü", 255)
	parts := []string{
		"", " ", "\"", "\\", "\\u0041", `\"`, "\x00", "\xff", "{", "}", ",", ":", "null", "true", "[]", "{}", "0", "-", "1e3", ".5", "00", "12.", "abc",
		long, long + "x", `"` + long + `"`, `"name":""`, `"name":"n",`, `"vendor":"v",`, `"other":1`, "USD", "usd", "expense", "99999999999", "1772323200000.5",
	}
	random := rand.New(rand.NewPCG(1, 2))
	accepted, refused := 0, 0
	for name, record := range records {
		for range 20_000 {
			from := random.IntN(len(record))
			to := min(len(record), from+random.IntN(6))
			damaged := []byte(record[:from] + parts[random.IntN(len(parts))] + record[to:])
			if !all[name].flat.accepts(damaged) {
				refused++
				continue
			}
			accepted++
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(damaged))
			if err == nil {
				err = all[name].full.Validate(document)
			}
			if err != nil {
				t.Errorf("%s: the flat schema accepts %s: %v", name, damaged, err)
			}
		}
	}
	if accepted < 1000 || refused < 1000 {
		t.Errorf("%d accepted and %d refused: that proves nothing", accepted, refused)
	}
}

// A schema with a keyword that a flat one does not know has none.
func TestOnlyAFlatSchemaIsFlat(t *testing.T) {
	for property, want := range map[string]bool{
		`{"type":"string","maxLength":3}`:             true,
		`{"type":"string","format":"email"}`:          false,
		`{"type":"number","multipleOf":0.01}`:         false,
		`{"type":["string","null"]}`:                  false,
		`{"type":"object"}`:                           false,
		`{"enum":["a",null]}`:                         false,
		`{"const":"a"}`:                               false,
		`{"$ref":"#/$defs/a"}`:                        false,
		`{"type":"integer","exclusiveMinimum":3}`:     false,
		`{"type":"string","pattern":"^(?=a)"}`:        false,
		`{"description":"d","enum":["a","b"]}`:        true,
		`{"type":"integer","minimum":1,"maximum":99}`: true,
	} {
		text := fmt.Sprintf(`{"type":"object","additionalProperties":false,"properties":{"a":%s}}`, property)
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := flatten(document) != nil; got != want {
			t.Errorf("%s: flat %v, want %v", property, got, want)
		}
	}
}
