package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/durable"
)

// demoPort is the first port that a demo tries.
const demoPort = 18400

// A Demo is stored in its folder, so that the next demo there plays the same
// vendors: the same data at the same addresses. To the ledger, Productiv at
// another address is another Productiv.
type Demo struct {
	Seed         uint64    `json:"seed"`
	Expenses     int       `json:"expenses"`
	Transactions int       `json:"transactions"`
	To           time.Time `json:"to"`
	Months       int       `json:"months"` // of spend until To
	Port         int       `json:"port"`
}

// Start serves the vendors of the demo and writes a configuration for them to a
// folder, by default a new temporary one. It continues an earlier demo there.
func (d *Demo) Start(ctx context.Context, dir string) (vendors *Sandbox, config string, err error) {
	if dir == "" {
		dir, err = os.MkdirTemp("", "spendbridge-demo-")
	} else if err = os.MkdirAll(dir, 0o700); err != nil {
		err = etl.Usagef("demo folder: %w", err)
	}
	if err != nil {
		return nil, "", err
	}
	again, err := d.recall(dir)
	if err != nil {
		return nil, "", err
	}
	vendors, err = d.serve(ctx, again)
	if err != nil {
		return nil, "", err
	}
	config, err = d.write(dir, vendors)
	if err != nil {
		vendors.Close()
	}
	return vendors, config, err
}

// recall reads the settings of an earlier demo in the folder. It refuses a
// folder that has a configuration and no demo.
func (d *Demo) recall(dir string) (found bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, "spendbridge.yaml")); err == nil {
			return false, etl.Usagef("%s holds a spendbridge.yaml that is not the demo's; name another folder", dir)
		}
		d.To, d.Months = time.Now().UTC(), DemoMonths
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, d)
	}
	if err != nil {
		return false, fmt.Errorf("earlier demo: %w", err)
	}
	return true, nil
}

// serve serves the vendors, at their earlier addresses or on free ports.
func (d *Demo) serve(ctx context.Context, again bool) (*Sandbox, error) {
	options := DemoOptions()
	options.Seed, options.Expenses, options.Transactions, options.To = d.Seed, d.Expenses, d.Transactions, d.To
	options.Months = d.Months
	vendors := New(options)
	if again {
		return vendors, vendors.Start(ctx, fmt.Sprint("127.0.0.1:", d.Port))
	}
	var err error
	for d.Port = demoPort; d.Port < demoPort+400; d.Port += 4 {
		if err = vendors.Start(ctx, fmt.Sprint("127.0.0.1:", d.Port)); err == nil {
			return vendors, nil
		}
	}
	return nil, err
}

// write writes the configuration, so that other commands can be tried in the
// folder, and the settings for the next demo.
func (d *Demo) write(dir string, vendors *Sandbox) (config string, err error) {
	config = filepath.Join(dir, "spendbridge.yaml")
	text, err := vendors.Configuration()
	if err != nil {
		return "", err
	}
	memory, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	return config, errors.Join(
		durable.WriteFile(filepath.Join(dir, "demo.json"), memory, 0o600),
		durable.WriteFile(config, text, 0o600))
}
