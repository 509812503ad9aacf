package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/etltest"
	"spendbridge/schemas"
)

// Objects of one shape are judged by the first of them, so a schema may say
// nothing about values: no "integer" either, for 1 and 1.5 have one shape.
func TestSchemasConstrainShapeOnly(t *testing.T) {
	allowed := []string{"$schema", "title", "description", "type", "properties", "required"}
	for _, folder := range []string{"productive", "procurify"} {
		files, err := fs.Glob(schemas.FS, folder+"/*.json")
		if err != nil || len(files) == 0 {
			t.Fatalf("%d schemas in %s, %v", len(files), folder, err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(schemas.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			var document map[string]any
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, fault := range valueRules(document, file, allowed) {
				t.Error(fault)
			}
		}
	}
}

func valueRules(schema map[string]any, at string, allowed []string) []string {
	var faults []string
	for name, value := range schema {
		if !slices.Contains(allowed, name) {
			faults = append(faults, at+": keyword "+name)
		}
		if name == "type" && strings.Contains(fmt.Sprint(value), "integer") {
			faults = append(faults, at+": type integer")
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, member := range properties {
		if below, ok := member.(map[string]any); ok {
			faults = append(faults, valueRules(below, at+"/"+name, allowed)...)
		}
	}
	return faults
}

func TestOutlineTellsShapesApart(t *testing.T) {
	base := `{"id":"1","type":"x","a":{"b":[1,null],"c":"text"}}`
	tests := map[string]struct {
		text string
		same bool
	}{
		"other values":       {`{"id":"2","type":"x","a":{"b":[25,null],"c":"t\"{}"}}`, true},
		"white space":        {"{ \"id\" : \"1\",\n\"type\":\"x\", \"a\":{\"b\":[1, null],\"c\":\"text\"}}", true},
		"a number as text":   {`{"id":"1","type":"x","a":{"b":["1",null],"c":"text"}}`, false},
		"null instead":       {`{"id":"1","type":"x","a":{"b":[1,null],"c":null}}`, false},
		"another name":       {`{"id":"1","type":"x","a":{"b":[1,null],"d":"text"}}`, false},
		"moved up":           {`{"id":"1","type":"x","a":{"b":[1,null]},"c":"text"}`, false},
		"one element more":   {`{"id":"1","type":"x","a":{"b":[1,null,null],"c":"text"}}`, false},
		"true is not false":  {`{"id":"1","type":"x","a":{"b":[1,true],"c":"text"}}`, false},
		"an object is empty": {`{"id":"1","type":"x","a":{}}`, false},
	}
	want := shapeOf(t, base)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := shapeOf(t, tt.text); (got == want) != tt.same {
				t.Errorf("same shape: %t, want %t", got == want, tt.same)
			}
		})
	}
}

func shapeOf(t *testing.T, text string) uint64 {
	t.Helper()
	var o outline
	if s := (&scanner{text: []byte(text)}); !s.walk(&o, 1) {
		t.Fatalf("not JSON: %s", text)
	}
	return o.shape
}

// The vendor's own example was asked for without include, so every link we
// rely on says that it was not included: a fault, or all vendors would be null.
func TestTheSeedsExampleLacksItsLinks(t *testing.T) {
	shapes, err := compileShapes(schemas.FS, "productive", "/relationships/vendor/data")
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, etltest.Read(t, "productive", "expenses.json")); err != nil {
		t.Fatal(err)
	}
	body := compact.Bytes()
	e, err := readEnvelope(body, "expenses", nil)
	if err != nil || len(e.data) != 3 {
		t.Fatalf("%d expenses, %v", len(e.data), err)
	}
	e, err = readEnvelope(body, "expenses", shapes)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range e.data {
		if o.fault == nil || !strings.Contains(o.fault.Detail, "missing property 'data'") {
			t.Errorf("expense %s: fault %+v", o.id, o.fault)
		}
	}
	included := strings.ReplaceAll(string(body), `{"meta":{"included":false}}`, `{"data":null}`)
	e, err = readEnvelope([]byte(included), "expenses", shapes)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/relationships/vendor/data"}, e.data[0].blank); diff != "" {
		t.Errorf("blank links (-want +got):\n%s", diff)
	}
	if news := shapes.News(); len(news) > 0 {
		t.Errorf("the vendor's own example has members that the schema does not know: %v", news)
	}
}

// What the vendor documents (schemas/README.md, Procurify: what is spend) fits
// the schema and is known in full.
func TestATransactionOfEveryKindFitsItsSchema(t *testing.T) {
	shapes, err := compileShapes(schemas.FS, "procurify", "/vendor", "/cardholder")
	if err != nil {
		t.Fatal(err)
	}
	e, err := readEnvelope(etltest.Read(t, "procurify", "transactions.json"), "transactions", shapes)
	if err != nil || len(e.data) != 2 || e.data[1].id != "4815" || len(shapes.News()) > 0 {
		t.Errorf("%+v, news %v, %v", e.data, shapes.News(), err)
	}
}

func TestUnknownMembersAreListedByTheirPath(t *testing.T) {
	shapes, err := compileShapes(schemas.FS, "productive")
	if err != nil {
		t.Fatal(err)
	}
	body := `{"data":[{"id":"1","type":"expenses","extra":1,"attributes":{"date":"2026-01-01","tip":{"a":1}}}],
		"included":[{"id":"2","type":"people","attributes":{"shoe_size":42}},{"id":"3","type":"robots","arms":2}]}`
	if _, err := readEnvelope([]byte(body), "expenses", shapes); err != nil {
		t.Fatal(err)
	}
	want := []string{"expenses.attributes.tip", "expenses.extra", "people.attributes.shoe_size"}
	if diff := cmp.Diff(want, shapes.News()); diff != "" {
		t.Errorf("news (-want +got):\n%s", diff)
	}
}
