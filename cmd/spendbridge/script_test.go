package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"

	"spendbridge/etl/etltest"
	"spendbridge/etl/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"spendbridge": main, "bare": bareStatement})
}

// Each file in testdata/script is a session at the command line.
func TestScripts(t *testing.T) { testscript.Run(t, scripts()) }

// bucketConfiguration is that of a store of its own on such a server.
func bucketConfiguration(endpoint string) string {
	return "s3: {endpoint: \"" + endpoint + "\", region: us-east-1, key_id: test, secret: testsecret, path_style: true}\n" +
		"store: s3://test-bucket/" + uuid.NewString() + "\n"
}

// TestStoreInABucket is the session with a store, on a server for tests.
func TestStoreInABucket(t *testing.T) {
	endpoint := os.Getenv(etltest.TestBucket)
	if endpoint == "" {
		t.Skip("needs a bucket: make test-store")
	}
	params := scripts()
	params.Dir, params.Files = "", []string{filepath.Join(etltest.Data("script"), "store.txtar")}
	params.Condition = func(string) (bool, error) { return false, nil }
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("STORE", bucketConfiguration(endpoint))
		return setUp(env)
	}
	testscript.Run(t, params)
}

func scripts() testscript.Params {
	return testscript.Params{
		Dir:                 etltest.Data("script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("STORE", "store: file://"+env.WorkDir+"/share")
			return setUp(env)
		},
		Condition: func(name string) (bool, error) { return name == "folder", nil }, // the store is one
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCodeIs,
			"vendors":  startVendors,
			"mutate":   mutateVendors,
		},
	}
}

// exitCodeIs runs a command and demands its exit code: exitcode 2 spendbridge …
func exitCodeIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// setUp gives each script the program that was built for the tests, if one was,
// and secrets of its own.
func setUp(env *testscript.Env) error {
	if built := os.Getenv(builtProgram); built != "" {
		env.Setenv("PATH", filepath.Dir(built)+string(filepath.ListSeparator)+env.Getenv("PATH"))
	}
	env.Vars = append(env.Vars,
		"PRODUCTIVE_TOKEN=hush-productive",
		"PROCURIFY_CLIENT_ID=procurify-id",
		"PROCURIFY_CLIENT_SECRET=hush-procurify",
		"PRODUCTIV_CLIENT_ID=productiv-id",
		"PRODUCTIV_CLIENT_SECRET=hush-productiv",
	)
	return nil
}

// startVendors plays the three vendors until the script ends and writes a
// configuration for them: vendors FILE [FAULTS]. They have a few records, all
// data traps among them.
func startVendors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: vendors FILE [FAULTS]")
	}
	o := sandbox.DemoOptions()
	o.Expenses, o.Transactions = 150, 120
	if len(args) == 2 {
		faults, err := sandbox.ParseFaults(args[1])
		ts.Check(err)
		o.Faults = faults
	}
	s := sandbox.New(o)
	ts.Check(s.Start(context.Background(), "127.0.0.1:0"))
	ts.Defer(func() { s.Close() })
	config, err := s.Configuration()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), config, 0o600))
	ts.Setenv("SANDBOX", s.AdminURL()+"/_sandbox/")
}

// mutateVendors changes what the vendors know: mutate JSON, see the sandbox.
func mutateVendors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mutate JSON")
	}
	response, err := http.Post(ts.Getenv("SANDBOX")+"mutate", "application/json", strings.NewReader(args[0]))
	ts.Check(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		ts.Fatalf("mutate %s: %s %s", args[0], response.Status, body)
	}
}
