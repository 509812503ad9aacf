package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/job"
)

type decisionFlags struct {
	who, note string
}

func (f *decisionFlags) add(flags *pflag.FlagSet, why string) {
	flags.StringVar(&f.who, "who", operator(), "`name` of the person who decides")
	flags.StringVar(&f.note, "note", "", why)
}

func (f decisionFlags) decision() deliver.Decision { return deliver.Decision{By: f.who, Note: f.note} }

// operator is the user at this terminal, for decisions that are recorded.
func operator() string {
	who, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return who.Username
}

type settleFlags struct {
	accepted, resend          bool // of a batch
	retry, dismiss, corrected bool // of a record
	rejected, changes         bool // many records
	source, currency, before  string
	targetMoved, targetKept   bool
	from, to                  string
	deliveredKeys             string
	decision                  decisionFlags
}

func newSettleCmd(a *app) *cobra.Command {
	var f settleFlags
	cmd := &cobra.Command{
		Use:   "settle [BATCH|SPEND_ID]",
		Short: "Record a decision about a batch, a record or a target",
		Long: `Record a decision in the ledger, with who, when and why.

A batch whose answer was lost is unknown. Look for one of its records in
Productiv, which shows records only after up to half a day: if it is there, the
batch was --accepted; if it is not, --resend posts the same batch again with the
next load.

A rejected record is left alone until it reads differently; --retry sends it
again as it is. --corrected-at-productiv records that somebody has brought the
record in Productiv to what it is here, or has removed a withdrawn one.
--dismiss signs for the difference as it is: it stays, and needs attention no
more unless it becomes another one.

--rejected and --changes settle many records at once: all that the last run
listed as rejected, or as changed or withdrawn and not posted. --source,
--currency and --occurred-before narrow them.

Records that another target has are held when productiv.base_url or an app_id
changes. --target-moved says that both targets are one application;
--target-kept says that they are two, and that the records stay where they are.

After a restore the ledger may be older than what was posted.
--delivered-keys reads a CSV file exported from Productiv, with the column
transactionNumber or signatureId and, if it has them, amount and currency, and
books what it lists as accepted.`,
		Example: `  spendbridge settle 20261121T020000Z-1f3a9c-00001 --accepted --note "seen in Productiv"
  spendbridge settle productive-517-expense-27 --retry --note "Productiv knows the vendor now"
  spendbridge settle --changes --currency EUR --dismiss --note "rounding, agreed with accounting"
  spendbridge settle --target-moved --from api.productiv.com/app-1 --to public-api.productiv.com/app-1 --note "new host name"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			return a.settle(cmd.Context(), cmp.Or(strings.Join(args, ""), f.to), f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.accepted, "accepted", false, "the batch has arrived")
	flags.BoolVar(&f.resend, "resend", false, "the batch has not arrived: post it again")
	flags.BoolVar(&f.retry, "retry", false, "send a rejected record again as it is")
	flags.BoolVar(&f.dismiss, "dismiss", false, "leave a rejected record or an unsent change as it is")
	flags.BoolVar(&f.corrected, "corrected-at-productiv", false, "Productiv was corrected by hand")
	flags.BoolVar(&f.rejected, "rejected", false, "with --retry or --dismiss: all rejected records")
	flags.BoolVar(&f.changes, "changes", false, "with --corrected-at-productiv or --dismiss: all changed and withdrawn records that are not posted")
	flags.StringVar(&f.source, "source", "", "with --rejected or --changes: only of this `source`")
	flags.StringVar(&f.currency, "currency", "", "with --rejected or --changes: only in this `currency`")
	flags.StringVar(&f.before, "occurred-before", "", "with --rejected or --changes: only what occurred before this `day`, such as 2026-01-01")
	flags.BoolVar(&f.targetMoved, "target-moved", false, "two targets are one application; needs --from and --to")
	flags.BoolVar(&f.targetKept, "target-kept", false, "what the last load held because another target has it stays there")
	flags.StringVar(&f.from, "from", "", "with --target-moved: the `target` that has the records")
	flags.StringVar(&f.to, "to", "", "with --target-moved: the `target` it is now")
	flags.StringVar(&f.deliveredKeys, "delivered-keys", "", "`file` exported from Productiv: book what it lists as accepted")
	f.decision.add(flags, "`why`, and how it is known (required)")
	ways := []string{"accepted", "resend", "retry", "dismiss", "corrected-at-productiv", "target-moved", "target-kept", "delivered-keys"}
	cmd.MarkFlagsOneRequired(ways...)
	cmd.MarkFlagsMutuallyExclusive(ways...)
	cmd.MarkFlagsRequiredTogether("from", "to")
	cmd.MarkFlagsMutuallyExclusive("rejected", "changes")
	return cmd
}

// aboutAll reports whether the decision is not about one batch or record.
func (f settleFlags) aboutAll() bool {
	return f.targetMoved || f.targetKept || f.deliveredKeys != "" || f.rejected || f.changes
}

func (f settleFlags) check(args []string) error {
	switch {
	case f.decision.note == "":
		return etl.Usagef("--note is missing: write why, and how it is known; the ledger keeps it")
	case f.rejected && !f.retry && !f.dismiss:
		return etl.Usagef("--rejected goes with --retry or --dismiss")
	case f.changes && !f.corrected && !f.dismiss:
		return etl.Usagef("--changes goes with --corrected-at-productiv or --dismiss")
	case !f.rejected && !f.changes && f.source+f.currency+f.before != "":
		return etl.Usagef("--source, --currency and --occurred-before narrow --rejected or --changes")
	case f.aboutAll() && len(args) > 0:
		return etl.Usagef("%s: this decision is not about one batch or record; leave it out", args[0])
	case !f.aboutAll() && len(args) == 0:
		return etl.Usagef("name the batch or the record to settle; spendbridge status lists them")
	case f.targetMoved != (f.from != ""):
		return etl.Usagef("--target-moved needs --from and --to: the target that has the records, and the one it is now")
	}
	return nil
}

// decide records the decision that the flags name, and returns its outcome.
func (f settleFlags) decide(ctx context.Context, d *deliver.Delivery, what string) (string, error) {
	by := f.decision.decision()
	if f.rejected || f.changes {
		return f.decideMany(ctx, d, by)
	}
	switch {
	case f.accepted:
		return "is booked as accepted", d.SettleAccepted(ctx, what, by)
	case f.resend:
		return "is posted again by the next load", d.SettleResend(ctx, what, by)
	case f.retry:
		return "is sent again by the next load", d.SettleRetry(ctx, what, by)
	case f.dismiss:
		return "stays as it is and is settled", d.SettleDismiss(ctx, what, by)
	case f.corrected:
		return "is booked as corrected at Productiv", d.SettleCorrected(ctx, what, by)
	case f.targetMoved:
		return "is the same application as " + f.from, d.SettleTargetMoved(ctx, f.from, f.to, by)
	case f.targetKept:
		records, err := d.SettleTargetKept(ctx, by)
		return fmt.Sprintf("%s records stay at the target that has them", etl.Number(records)), err
	default:
		booked, err := d.SettleDelivered(ctx, f.deliveredKeys, by)
		return booked.String(), err
	}
}

// decideMany records one decision about the records that --rejected or
// --changes select.
func (f settleFlags) decideMany(ctx context.Context, d *deliver.Delivery, by deliver.Decision) (_ string, err error) {
	selected := deliver.Rejected()
	if f.changes {
		selected = deliver.Changes()
	}
	selected.Source, selected.Currency = f.source, strings.ToUpper(f.currency)
	if f.before != "" {
		if selected.OccurredBefore, err = dayFlag("--occurred-before", f.before); err != nil {
			return "", err
		}
	}
	settle, outcome := d.DismissAll, "stay as they are and are settled"
	switch {
	case f.retry:
		settle, outcome = d.RetryAll, "are sent again by the next load"
	case f.corrected:
		settle, outcome = d.CorrectAll, "are booked as corrected at Productiv"
	}
	records, err := settle(ctx, selected, by)
	return fmt.Sprintf("%s records %s", etl.Number(records), outcome), err
}

func (a *app) settle(ctx context.Context, what string, f settleFlags) error {
	return a.inSession(ctx, func(s *job.Session) error {
		outcome := ""
		run, err := s.Decide(ctx, "settle", func(r *job.Run) (err error) {
			outcome, err = f.decide(ctx, r.Delivery(nil), what)
			return err
		})
		if err != nil && etl.Status(err) != etl.StatusNeedsPerson {
			return err
		}
		result := map[string]any{"run_id": run.RunID, "subject": what, "outcome": outcome}
		return errors.Join(err, a.print(result, func(w *screen) { fmt.Fprintln(w, strings.TrimSpace(what+" "+outcome)) }))
	})
}

// A proposal is what a command does only once somebody has agreed to it.
type proposal struct {
	preview  func(*screen)
	question string // such as "Write it to vendors.csv?"
	undone   string // such as "Nothing is written", without a full stop
	repeat   string // how to do it without a terminal
	do       func() error
	done     string
	result   func(done bool) any // the JSON document
}

// propose shows what a command would do, and does it with yes or once somebody at
// the terminal agrees. Without a terminal it only shows it.
func (a *app) propose(ctx context.Context, p proposal, yes bool) error {
	if a.json {
		if yes {
			if err := p.do(); err != nil {
				return err
			}
		}
		return a.print(p.result(yes), nil)
	}
	p.preview(a.screen())
	last := p.undone + " yet. " + p.repeat
	if !yes && a.attended {
		agreed, err := a.ask(ctx, p.question)
		if err != nil {
			return err
		}
		yes, last = agreed, p.undone+"."
	}
	if yes {
		if err := p.do(); err != nil {
			return err
		}
		last = p.done
	}
	fmt.Fprintln(a.out(), last)
	return nil
}

// ask asks a question at the terminal. Only a yes agrees.
func (a *app) ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(a.out(), "%s [y/N] ", question)
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1) // a read from a terminal cannot be canceled
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		answered <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.out())
		return false, ctx.Err()
	case got := <-answered:
		if errors.Is(got.err, io.EOF) {
			fmt.Fprintln(a.out()) // no key has ended the line
		} else if got.err != nil {
			return false, fmt.Errorf("read the answer: %w", got.err)
		}
		word := strings.ToLower(strings.TrimSpace(got.line))
		return word == "y" || word == "yes", nil
	}
}

// yesFlag lets a script agree to a proposal.
func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVar(yes, "yes", false, "do it without asking")
}

// attended reports whether somebody at a terminal can see and answer questions.
func attended(stdin io.Reader, stdout io.Writer) bool {
	f, ok := stdin.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && isTerminal(stdout)
}
