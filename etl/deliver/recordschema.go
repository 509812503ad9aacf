package deliver

import (
	"bytes"
	"io/fs"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"spendbridge/etl/config"
	"spendbridge/schemas"
)

// recordSchemas are the JSON Schemas of a Productiv record, by name.
type recordSchemas map[string]*jsonschema.Schema

func openSchemas(fsys fs.FS) (recordSchemas, error) {
	all := recordSchemas{}
	for _, name := range []string{config.SchemaFinance, config.SchemaSpend} {
		compiled, _, err := schemas.Compile(fsys, "productiv/"+name+".json")
		if err != nil {
			return nil, err
		}
		all[name] = compiled
	}
	return all, nil
}

// fault says what is wrong with a payload, "" for nothing.
func (s recordSchemas) fault(name string, payload []byte) string {
	record, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		return "the payload is not JSON: " + err.Error()
	}
	err = s[name].Validate(record)
	if err == nil {
		return ""
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return err.Error()
	}
	var faults []string
	for _, cause := range invalid.Causes {
		faults = append(faults, strings.Join(cause.InstanceLocation, "/")+": "+
			cause.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
	return strings.Join(faults, ", ")
}
