package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/sandbox"
)

// demoPort is where the demo looks for four free ports first.
const demoPort = 18400

// A demo is what makes a later demo in the same folder meet the same vendors:
// the same data, at the same addresses. The ledger knows Productiv by its
// address, so another port would be another Productiv.
type demo struct {
	Seed         uint64    `json:"seed"`
	Expenses     int       `json:"expenses"`
	Transactions int       `json:"transactions"`
	To           time.Time `json:"to"`
	Port         int       `json:"port"`
}

func newDemoCmd(a *app) *cobra.Command {
	options := sandbox.DemoOptions()
	d := demo{Seed: options.Seed, Expenses: options.Expenses, Transactions: options.Transactions}
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole job on invented data",
		Long: `Start the sandbox, which plays the three vendors on this machine, and run the
whole job against it. Run it again on the same folder: nothing is posted twice.`,
		Example: `  spendbridge demo
  spendbridge demo --dir big --expenses 20000 --transactions 10000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), dir, d) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`folder` for everything the demo makes (default: a new temporary one)")
	cmd.Flags().Uint64Var(&d.Seed, "seed", d.Seed, "`number` that decides all generated data")
	cmd.Flags().IntVar(&d.Expenses, "expenses", d.Expenses, "how many Productive.io expenses there are")
	cmd.Flags().IntVar(&d.Transactions, "transactions", d.Transactions, "how many Procurify transactions there are")
	return cmd
}

func (a *app) demo(ctx context.Context, dir string, d demo) error {
	dir, err := demoFolder(dir)
	if err != nil {
		return err
	}
	again, err := d.recall(dir)
	if err != nil {
		return err
	}
	vendors, err := d.start(ctx, again)
	if err != nil {
		return err
	}
	defer vendors.Close()
	config, err := d.write(dir, vendors)
	if err != nil {
		return err
	}
	if !a.json {
		fmt.Fprintf(a.stdout, "Productive.io, Procurify and Productiv are played on 127.0.0.1:%d to %d, with %s expenses and %s transactions.\n\n",
			d.Port, d.Port+2, number(d.Expenses), number(d.Transactions))
	}
	a.configPath = config
	return a.run(ctx, false, "")
}

func demoFolder(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "spendbridge-demo-")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", etl.Usagef("demo folder: %w", err)
	}
	return dir, nil
}

// recall reads what an earlier demo in the folder was made of. A folder with
// a configuration of somebody else's is left alone.
func (d *demo) recall(dir string) (found bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, "spendbridge.yaml")); err == nil {
			return false, etl.Usagef("%s holds a spendbridge.yaml that is not the demo's; name another folder", dir)
		}
		d.To = time.Now().UTC()
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

// start serves the vendors: where they were before, else on free ports.
func (d *demo) start(ctx context.Context, again bool) (*sandbox.Sandbox, error) {
	options := sandbox.DemoOptions()
	options.Seed, options.Expenses, options.Transactions, options.To = d.Seed, d.Expenses, d.Transactions, d.To
	vendors := sandbox.New(options)
	if again {
		return vendors, vendors.Start(ctx, loopbackAddress(d.Port))
	}
	var err error
	for d.Port = demoPort; d.Port < demoPort+400; d.Port += 4 {
		if err = vendors.Start(ctx, loopbackAddress(d.Port)); err == nil {
			return vendors, nil
		}
	}
	return nil, err
}

func loopbackAddress(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// write writes the demo's configuration, so that other commands can be tried
// on its folder, and what a later demo needs.
func (d *demo) write(dir string, vendors *sandbox.Sandbox) (config string, err error) {
	config = filepath.Join(dir, "spendbridge.yaml")
	text, err := sandboxConfig(vendors)
	if err != nil {
		return "", err
	}
	memory, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	return config, errors.Join(
		renameio.WriteFile(filepath.Join(dir, "demo.json"), memory, 0o600),
		renameio.WriteFile(config, text, 0o600))
}
