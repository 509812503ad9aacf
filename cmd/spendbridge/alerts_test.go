package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"

	"spendbridge/etl/etltest"
)

// The daemon's metrics are listed in the interface, where a test compares them.
func TestAlertsAreOfMetricsThatExist(t *testing.T) {
	var interfaces string
	for _, file := range txtar.Parse(etltest.Read(t, "interface", "interface.txtar")).Files {
		if file.Name == "metrics" {
			interfaces = string(file.Data)
		}
	}
	text, err := os.ReadFile("package/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &alerts); err != nil {
		t.Fatal(err)
	}
	metric := regexp.MustCompile(`(spendbridge_\w+)(?:\{(\w+)=)?`) // with the label that it selects by
	for _, rule := range alerts.Groups[0].Rules {
		named := metric.FindAllStringSubmatch(rule.Expr, -1)
		if len(named) == 0 {
			t.Errorf("%s is of no metric", rule.Alert)
		}
		for _, m := range named {
			if !regexp.MustCompile(`(?m)^` + m[1] + `\{.*` + m[2] + `.*\}`).MatchString(interfaces) {
				t.Errorf("%s: there is no metric %s with a label %s", rule.Alert, m[1], m[2])
			}
		}
	}
}
