// Spendbridge moves spend from Productive.io and Procurify to Productiv, and
// keeps proof of it. See the README, or run: spendbridge demo.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spendbridge/etl"
)

func main() {
	syscall.Umask(0o077) // all files hold names and money: for this user only
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit code. An interrupt lets the
// current step finish or roll back.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, interrupt := context.WithCancelCause(ctx)
	defer interrupt(nil)
	defer onSignal(func() { interrupt(context.Canceled) })()
	unread := func() { interrupt(errUnread) }
	stdout, stderr = onClosedPipe(stdout, unread), onClosedPipe(stderr, unread)

	a := &app{stdin: os.Stdin, stdout: stdout, stderr: stderr, attended: attended(os.Stdin, stdout)}
	root := newRootCmd(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.started {
		err = &etl.UsageError{Err: err} // cobra rejected the command line
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted; the next run resumes from here: %w", err)
	}
	var shown *shownError
	if err != nil && (ctx.Err() != nil || !errors.As(err, &shown)) {
		fmt.Fprintln(stderr, "spendbridge:", a.redact.Clean(err.Error()))
	}
	if err == nil && errors.Is(context.Cause(ctx), errUnread) {
		err = errUnread // as quiet as other programs before head
	}
	return exitCode(err)
}

// A shownError is one that the result on the screen has named already.
type shownError struct{ error }

func (e *shownError) Unwrap() error { return e.error }

// exitCode is 0 done; 1 failed, a later run may succeed; 2 wrong use or
// configuration; 3 done, but something needs attention.
func exitCode(err error) int {
	var usage *etl.UsageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	case etl.Status(err) == etl.StatusNeedsPerson:
		return 3
	default:
		return 1
	}
}

// defaultConfig is the configuration if none is named.
const defaultConfig = "spendbridge.yaml"

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "spendbridge",
		Short: "Move spend from Productive.io and Procurify to Productiv, and prove it",
		Long: `spendbridge reads expenses (Productive.io) and card transactions (Procurify),
keeps them in DuckDB, transforms them into one clean spend table, writes Parquet
snapshots and posts what is new to Productiv.

New here?  spendbridge demo     shows the whole job on invented data
           spendbridge init     writes a configuration to fill in
           spendbridge doctor   says what is missing or wrong
           spendbridge run      does the job; the first one posts nothing yet

Exit codes: 0 done; 1 failed, a later run may succeed; 2 wrong use or
configuration; 3 done, but something needs attention.`,
		Version:           version().String(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.setLog() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see: %s --help", err, cmd.CommandPath())
	})
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	flags := root.PersistentFlags()
	path := cmp.Or(os.Getenv("SPENDBRIDGE_CONFIG"), defaultConfig)
	flags.StringVarP(&a.configPath, "config", "c", path, "configuration `file` (or SPENDBRIDGE_CONFIG)")
	flags.BoolVar(&a.json, "json", false, "print one JSON document on stdout")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "the verdict only, no progress, and only warnings and errors in the log")
	flags.BoolVar(&a.verbose, "verbose", false, "all tables of a result")
	flags.StringVar(&a.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&a.logFormat, "log-format", "auto", "text, json, or auto: text on a terminal")
	root.AddCommand( // in the order of the work
		newDemoCmd(a),
		newInitCmd(a),
		newRunCmd(a),
		newExtractCmd(a),
		newBackfillCmd(a),
		newTransformCmd(a),
		newLoadCmd(a),
		newExplainCmd(a),
		newQuarantineCmd(a),
		newSettleCmd(a),
		newVerifyCmd(a),
		newVendorsCmd(a),
		newCategoriesCmd(a),
		newQueryCmd(a),
		newDoctorCmd(a),
		newScheduleCmd(a),
		newStatusCmd(a),
		newReportCmd(a),
		newPruneCmd(a),
		newSandboxCmd(a),
		newVersionCmd(a),
		newPackageCmd(),
	)
	a.finish(root)
	a.completions(root)
	return root
}

// finish completes every command: a command that groups others shows its help;
// one that does not say which arguments it takes takes none; wrong arguments are
// answered with the usage line. An error before a command starts is about the
// command line.
func (a *app) finish(cmd *cobra.Command) {
	run, check := cmd.RunE, cmd.Args
	switch {
	case cmd.HasSubCommands():
		run, check = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, subcommandOnly
	case check == nil:
		check = cobra.NoArgs
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a.started = true
		return run(cmd, args)
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil && cmd.HasSubCommands() {
			return err
		} else if err != nil {
			return fmt.Errorf("%w; write: %s", err, cmd.UseLine())
		}
		return missingFlags(cmd)
	}
	for _, sub := range cmd.Commands() {
		a.finish(sub)
	}
}

// missingFlags names the required flags that a command line lacks.
func missingFlags(cmd *cobra.Command) error {
	var missing []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[cobra.BashCompOneRequiredFlag] != nil && !f.Changed {
			missing = append(missing, "--"+f.Name)
		}
	})
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s is missing; see: %s --help", missing[0], cmd.CommandPath())
	}
	return fmt.Errorf("%s are missing; see: %s --help", strings.Join(missing, " and "), cmd.CommandPath())
}

// onSignal calls interrupt at the first SIGINT, SIGTERM or SIGHUP, until stop
// is called. From the first SIGINT or SIGTERM on, another one ends the process
// at once, however soon it comes. A terminal that closes may send SIGHUP more
// than once, so that never does. A signal that was ignored when the program
// started, as by nohup, stays ignored.
func onSignal(interrupt func()) (stop func()) {
	signals, ended := make(chan os.Signal, 1), make(chan struct{})
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		for again := false; ; {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					signal.Reset(os.Interrupt, syscall.SIGTERM)
					if again { // it came before the reset
						syscall.Kill(os.Getpid(), s.(syscall.Signal))
					}
					again = true
				}
				interrupt()
			case <-ended:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(ended)
	}
}

var errUnread = errors.New("the reader of the output has gone")

// onClosedPipe returns w, which calls interrupt once its reader has gone: SIGPIPE
// would end the process in the middle of a step.
func onClosedPipe(w io.Writer, interrupt func()) io.Writer {
	if isTerminal(w) {
		return w
	}
	signal.Ignore(syscall.SIGPIPE)
	return pipe{w, interrupt}
}

type pipe struct {
	io.Writer
	interrupt func()
}

func (p pipe) Write(text []byte) (int, error) {
	n, err := p.Writer.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		p.interrupt()
	}
	return n, err
}
