package main

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"

	"spendbridge/schemas"
)

// outputSchemas compiles the schemas of what commands print with --json, by
// name. Members that a schema does not have are errors here: it would not say all.
func outputSchemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := fs.Glob(schemas.FS, "output/*.json")
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, file := range files {
		text, err := fs.ReadFile(schemas.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		closeObjects(document)
		if err := compiler.AddResource(file, document); err != nil {
			t.Fatal(err)
		}
	}
	compiled := map[string]*jsonschema.Schema{}
	for _, file := range files {
		schema, err := compiler.Compile(file)
		if err != nil {
			t.Fatal(err)
		}
		compiled[strings.TrimSuffix(path.Base(file), ".json")] = schema
	}
	return compiled
}

func closeObjects(schema any) {
	switch schema := schema.(type) {
	case map[string]any:
		if _, ok := schema["properties"].(map[string]any); ok {
			schema["additionalProperties"] = false
		}
		for _, part := range schema {
			closeObjects(part)
		}
	case []any:
		for _, part := range schema {
			closeObjects(part)
		}
	}
}

// schemaOf is the name of the schema of a command's document. Flags that make
// it another document are part of it.
func schemaOf(command string) string {
	name := strings.NewReplacer(
		" --snapshot-only", "", " --rebuild", "", " --offline", "", " --upgrade", "", " --next", "", "run --dry-run", "run",
	).Replace(command)
	return strings.NewReplacer(" --", "-", " ", "-").Replace(name)
}

// validate holds a document against the schema of the command that printed it.
func (l *life) validate(command string, document []byte) {
	l.Helper()
	schema := l.schemas[schemaOf(command)]
	if schema == nil {
		l.Fatalf("%s has no schema in schemas/output", command)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	l.must(err)
	if err := schema.Validate(value); err != nil {
		l.Errorf("%s --json: %v", command, err)
	}
}

func TestEveryCommandThatPrintsJSONHasASchema(t *testing.T) {
	compiled := outputSchemas(t)
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		name := strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), "spendbridge "), " ", "-")
		if !cmd.HasSubCommands() && !cmd.Hidden && compiled[name] == nil {
			t.Errorf("there is no schemas/output/%s.json", name)
		}
	}
	visit(newRootCmd(&app{stdout: io.Discard, stderr: io.Discard}))
}
