// Spendbridge moves spend from Productive.io and Procurify to Productiv, and
// keeps proof of it. See the README, or run: spendbridge demo.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

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
	if err != nil {
		fmt.Fprintln(stderr, "spendbridge:", a.redact.Clean(err.Error()))
	}
	if err == nil && errors.Is(context.Cause(ctx), errUnread) {
		err = errUnread // as quiet as other programs before head
	}
	return exitCode(err)
}

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

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "spendbridge",
		Short: "Move spend from Productive.io and Procurify to Productiv, and prove it",
		Long: `spendbridge reads expenses (Productive.io) and card transactions (Procurify),
keeps them in DuckDB, transforms them into one clean spend table, writes Parquet
snapshots and posts what is new to Productiv.

New here?  spendbridge demo     shows the whole job on invented data
           spendbridge init     writes a configuration to fill in
           spendbridge run      does the job

Exit codes: 0 done; 1 failed, a later run may succeed; 2 wrong use or
configuration; 3 done, but something needs attention.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.setLog() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configPath, "config", "c", defaultConfigPath(), "configuration `file` (or SPENDBRIDGE_CONFIG)")
	flags.BoolVar(&a.json, "json", false, "print one JSON document on stdout")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress, and only warnings and errors in the log")
	flags.StringVar(&a.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&a.logFormat, "log-format", "auto", "text, json, or auto: text on a terminal")
	for _, newCmd := range commands {
		root.AddCommand(newCmd(a))
	}
	a.finish(root)
	return root
}

// commands lists every command in the order of the work.
var commands = []func(*app) *cobra.Command{
	newDemoCmd,
	newInitCmd,
	newRunCmd,
	newExtractCmd,
	newBackfillCmd,
	newTransformCmd,
	newLoadCmd,
	newExplainCmd,
	newQuarantineCmd,
	newSettleCmd,
	newVerifyCmd,
	newVendorsCmd,
	newCategoriesCmd,
	newQueryCmd,
	newDoctorCmd,
	newScheduleCmd,
	newStatusCmd,
	newReportCmd,
	newPruneCmd,
	newSandboxCmd,
	newVersionCmd,
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
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w; write: %s", err, cmd.UseLine())
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		a.finish(sub)
	}
}

func defaultConfigPath() string {
	if path := os.Getenv("SPENDBRIDGE_CONFIG"); path != "" {
		return path
	}
	return "spendbridge.yaml"
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
