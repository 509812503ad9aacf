package schemas

import (
	"bytes"
	"fmt"
	"io/fs"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Compile compiles the JSON Schema in a file, and returns its document beside.
func Compile(fsys fs.FS, file string) (compiled *jsonschema.Schema, document any, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("schema %s: %w", file, err)
		}
	}()
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, nil, err
	}
	if document, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		return nil, nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(file, document); err != nil {
		return nil, nil, err
	}
	compiled, err = compiler.Compile(file)
	return compiled, document, err
}
