package config

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validator returns what the schema says of a configuration.
func validator(t *testing.T) func(text string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(kinds)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(SchemaFile, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(SchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) error {
		inJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		content, err := jsonschema.UnmarshalJSON(bytes.NewReader(inJSON))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(content)
	}
}

func readText(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheSchemaAcceptsWhatReadAccepts(t *testing.T) {
	validate := validator(t)
	for name, text := range map[string]string{
		"what init writes": string(Template),
		"every key":        readText(t, "testdata", "interface", "every_key.yaml"),
		"other keys":       readText(t, "testdata", "interface", "alternatives.yaml"),
		"variables":        readText(t, "testdata", "interface", "spendbridge.yaml"),
		"a second source":  strings.Replace(whole, "productiv:\n", "  berlin: {kind: productive, token: x, organization_id: \"1\"}\nproductiv:\n", 1),
		"a number from a variable": whole +
			"  batch_size: ${SIZE}\n  on_change: ${WORD}\n  max_wait: ${TIME}\n",
		"no pause": whole + "schedule: {drain: 0, load: \"@daily\"}\n",
	} {
		if err := validate(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSchemaRefusesAnUnknownKey(t *testing.T) {
	validate := validator(t)
	lines := strings.Split(readText(t, "testdata", "interface", "every_key.yaml"), "\n")
	chosen := []string{"JPY", "productive", "procurify", "load", "sweep"} // the schedule takes other keys for sources
	tried := 0
	for i, line := range lines {
		key, _, isKey := strings.Cut(strings.TrimSpace(line), ":")
		if !isKey || strings.HasPrefix(key, "#") || slices.Contains(chosen, key) {
			continue
		}
		changed := slices.Clone(lines)
		changed[i] = strings.Replace(line, key+":", key+"z:", 1)
		if validate(strings.Join(changed, "\n")) == nil {
			t.Errorf("%sz is accepted in line %d", key, i+1)
		}
		tried++
	}
	if tried < 60 {
		t.Errorf("only %d keys were tried", tried)
	}
}

func TestTheSchemaRefusesAWrongValue(t *testing.T) {
	validate := validator(t)
	for name, text := range map[string]string{
		"a number below its range": whole + "  batch_size: 0\n",
		"a number above its range": whole + "  batch_size: 1001\n",
		"text for a number":        whole + "  batch_size: many\n",
		"none of the choices":      whole + "  in_doubt: maybe\n",
		"a number for text":        strings.Replace(whole, `"517"`, "517", 1),
		"a duration without unit":  strings.Replace(whole, "    token:", "    lookback: 90\n    token:", 1),
		"a bad date":               whole + "  post_from: yesterday\n",
		"a bad address":            whole + "  base_url: productiv.com\n",
		"a bad memory limit":       whole + "memory_limit: lots\n",
		"four cron fields":         whole + "schedule: {load: \"0 2 * *\"}\n",
		"no token":                 strings.Replace(whole, "    token: ${PRODUCTIVE_TOKEN}\n", "", 1),
		"no address of a tenant":   strings.Replace(whole, "productiv:\n", "  procurify: {domain: a, client_id: b, client_secret: c}\nproductiv:\n", 1),
		"app_id and app_ids":       whole + "  app_ids: {productive: a}\n",
		"no application":           strings.Replace(whole, "  app_id: app-1\n", "", 1),
		"no source":                "sources: {}\n" + whole[strings.Index(whole, "productiv:"):],
		"no target":                whole[:strings.Index(whole, "productiv:")],
		"a source of no kind":      strings.Replace(whole, "  productive:", "  berlin:", 1),
		"a key of the other kind":  strings.Replace(whole, "    token:", "    domain: x\n    token:", 1),
	} {
		if validate(text) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestTheSchemaExplainsKeys(t *testing.T) {
	said := explanations()
	for key, want := range map[string]string{
		"productiv.batch_size":                "1 to 1000",
		"sources.productive.organization_id":  "part of every key: must never change",
		"productiv.on_change":                 "What happens to a record that changed after it was posted: report lists it; compensate posts a reversal and the new version; resend (spend only) posts it again under the same key.",
		"schedule.catch_up":                   "none or once, for slots missed while it was down",
		"sources.procurify.cardholder_emails": "cardholder_uuid,email",
		"productiv.in_doubt":                  "What happens to a batch whose answer was lost.",
	} {
		if !strings.HasPrefix(said[key], want) {
			t.Errorf("%s is explained as %q, want %q", key, said[key], want)
		}
	}
}
