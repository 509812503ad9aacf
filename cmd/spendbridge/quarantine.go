package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func newQuarantineCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "List and show records that cannot become spend yet",
		Long: `A record that cannot be mapped is set aside with its reason, never guessed.
Mend the cause (a setting, a mapping, the record at the vendor): the next run
releases it by itself.`,
		Example: `  spendbridge quarantine list
  spendbridge quarantine show procurify-acme-txn-4814`,
		Args: subcommandOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Short:   "List what is in quarantine, by reason",
		Example: "  spendbridge quarantine list --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.quarantineList(cmd.Context()) },
	}, &cobra.Command{
		Use:     "show ID",
		Short:   "Show one record in quarantine with its payload and where it came from",
		Long:    "Show one record in quarantine. ID is its spend id, or the id it has at the vendor.",
		Example: "  spendbridge quarantine show procurify-acme-txn-4814",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.quarantineShow(cmd.Context(), args[0]) },
	})
	return cmd
}

// A quarantined record waits until its cause is mended. The amount is as
// received, in the source's own units; empty = unreadable.
type quarantined struct {
	SpendID    string    `json:"spend_id"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail"`
	Source     string    `json:"source"`
	Amount     string    `json:"source_amount"`
	Currency   string    `json:"source_currency"`
	Vendor     string    `json:"vendor"`
	OccurredOn string    `json:"occurred_on"`
	ChangedAt  time.Time `json:"changed_at"`
}

func (q *quarantined) columns() []any {
	return []any{&q.SpendID, &q.Reason, &q.Detail, &q.Source, &q.Amount, &q.Currency, &q.Vendor, &q.OccurredOn, &q.ChangedAt}
}

func (a *app) quarantineList(ctx context.Context) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	found := []quarantined{}
	err = s.db.Each(ctx, "queries/quarantine_list.sql", nil, func(rows *sql.Rows) error {
		var q quarantined
		err := rows.Scan(q.columns()...)
		found = append(found, q)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(map[string]any{"quarantine": found}, func(w io.Writer) { printQuarantine(w, found) })
}

func printQuarantine(w io.Writer, found []quarantined) {
	if len(found) == 0 {
		fmt.Fprintln(w, "Nothing is in quarantine.")
		return
	}
	t := table{head: []string{"REASON", "ID", "AMOUNT", "CURRENCY", "DATE", "VENDOR", "DETAIL"}}
	for _, q := range found {
		t.add(q.Reason, q.SpendID, money(q.Amount, 0), q.Currency, q.OccurredOn, q.Vendor, q.Detail)
	}
	fmt.Fprintf(w, "%s records are in quarantine; amounts are in their source's own units.\n", number(len(found)))
	t.print(w)
	fmt.Fprintln(w, "See one with its payload: spendbridge quarantine show ID")
}

// A quarantinedSource is a record in quarantine with where it came from.
type quarantinedSource struct {
	quarantined
	Stream    string          `json:"stream"`
	RecordID  string          `json:"record_id"`
	Version   int             `json:"record_version"`
	File      string          `json:"page_file"`
	URL       string          `json:"page_url"`
	FetchedAt time.Time       `json:"page_fetched_at"`
	Ordinal   int             `json:"page_ordinal"`
	Payload   json.RawMessage `json:"payload"`
}

func (a *app) quarantineShow(ctx context.Context, id string) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	found := []quarantinedSource{}
	err = s.db.Each(ctx, "queries/quarantine_show.sql", warehouse.Args{"id": id}, func(rows *sql.Rows) error {
		var q quarantinedSource
		var payload string
		err := rows.Scan(append(q.columns(), &q.Stream, &q.RecordID, &q.Version,
			&q.File, &q.URL, &q.FetchedAt, &q.Ordinal, &payload)...)
		q.Payload = json.RawMessage(payload)
		found = append(found, q)
		return err
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return etl.Usagef("%s is not in quarantine; see: spendbridge quarantine list, or: spendbridge explain %s", id, id)
	}
	return a.print(map[string]any{"quarantine": found}, func(w io.Writer) {
		for _, q := range found {
			q.print(w)
		}
	})
}

func (q quarantinedSource) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n  reason    %s", q.SpendID, q.Reason)
	if q.Detail != "" {
		fmt.Fprintf(w, ": %s", q.Detail)
	}
	fmt.Fprintf(w, "\n  amount    %s %s, as received\n  vendor    %s\n  date      %s\n", q.Amount, q.Currency, q.Vendor, q.OccurredOn)
	fmt.Fprintf(w, "  record    %s %s of %s, version %d\n", q.Stream, q.RecordID, q.Source, q.Version)
	fmt.Fprintf(w, "  page      %s, object %d\n            %s at %s\n  payload\n", q.File, q.Ordinal, q.URL, q.FetchedAt.UTC().Format(time.RFC3339))
	var pretty bytes.Buffer
	if json.Indent(&pretty, q.Payload, "    ", "  ") != nil {
		pretty.Write(q.Payload)
	}
	fmt.Fprintf(w, "    %s\n", pretty.String())
}
