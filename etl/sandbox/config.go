package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed config.yaml.tmpl
var configText string

var configTemplate = template.Must(template.New("config").Parse(configText))

// Configuration returns a configuration of spendbridge to run against the
// sandbox, as YAML. Its secrets are as invented as its data.
func (s *Sandbox) Configuration() ([]byte, error) {
	var out bytes.Buffer
	err := configTemplate.Execute(&out, map[string]string{
		"Productive": s.ProductiveURL(), "Procurify": s.ProcurifyURL(),
		"Productiv": s.ProductivURL(), "Token": s.ProductivTokenURL(), "Accepted": s.AdminURL() + "/_sandbox/records",
		"ProductiveToken":   ProductiveToken,
		"ProcurifyClientID": ProcurifyClientID, "ProcurifyClientSecret": ProcurifyClientSecret,
		"ProductivClientID": ProductivClientID, "ProductivClientSecret": ProductivClientSecret,
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox configuration: %w", err)
	}
	return out.Bytes(), nil
}
