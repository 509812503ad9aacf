package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/load"
)

// A settleFlags is what the command line of settle says.
type settleFlags struct {
	accepted  bool
	resend    bool
	retry     bool
	corrected bool
	note      string
}

func newSettleCmd(a *app) *cobra.Command {
	var f settleFlags
	cmd := &cobra.Command{
		Use:   "settle BATCH|SPEND_ID",
		Short: "Decide what only a person can know: what became of a batch or a record",
		Long: `Book a decision in the ledger, with who, when and why.

A batch whose answer was lost is unknown. Look for one of its records in
Productiv: if it is there, the batch was --accepted; if it is not, --resend
posts the same batch again with the next load.

A rejected record is left alone until it reads differently; --retry sends it
again as it is. --corrected-at-productiv books that somebody has brought the
record in Productiv to what it is here, or has taken a withdrawn one out.`,
		Example: `  spendbridge settle 20261121T020000Z-1f3a9c-00001 --accepted --note "seen in Productiv, JS"
  spendbridge settle productive-517-expense-27 --retry --note "Productiv knows the vendor now, JS"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.settle(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.accepted, "accepted", false, "the batch has arrived")
	flags.BoolVar(&f.resend, "resend", false, "the batch has not arrived: post it again")
	flags.BoolVar(&f.retry, "retry", false, "send a rejected record again as it is")
	flags.BoolVar(&f.corrected, "corrected-at-productiv", false, "Productiv was mended by hand")
	flags.StringVar(&f.note, "note", "", "`why`, and how it is known (required)")
	cmd.MarkFlagsOneRequired("accepted", "resend", "retry", "corrected-at-productiv")
	cmd.MarkFlagsMutuallyExclusive("accepted", "resend", "retry", "corrected-at-productiv")
	return cmd
}

// decide books the one decision that the flags name.
func (f settleFlags) decide(ctx context.Context, d *load.Delivery, what string) error {
	decision := load.Decision{By: operator(), Note: f.note}
	switch {
	case f.accepted:
		return d.SettleAccepted(ctx, what, decision)
	case f.resend:
		return d.SettleResend(ctx, what, decision)
	case f.retry:
		return d.SettleRetry(ctx, what, decision)
	default:
		return d.SettleCorrected(ctx, what, decision)
	}
}

// says is what the decision comes to.
func (f settleFlags) says() string {
	switch {
	case f.accepted:
		return "is booked as accepted"
	case f.resend:
		return "is posted again by the next load"
	case f.retry:
		return "is sent again by the next load"
	default:
		return "is booked as corrected at Productiv"
	}
}

func (a *app) settle(ctx context.Context, what string, f settleFlags) error {
	if f.note == "" {
		return etl.Usagef("--note is missing: write why, and how it is known; the ledger keeps it")
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.begin(ctx, "settle")
	if err != nil {
		return err
	}
	err = r.end(ctx, f.decide(ctx, r.delivery(nil), what))
	if err != nil {
		return err
	}
	result := map[string]any{"run_id": r.id, "subject": what, "outcome": f.says()}
	return a.print(result, func(w io.Writer) { fmt.Fprintln(w, what, f.says()) })
}
