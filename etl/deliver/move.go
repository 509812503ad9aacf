package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// SettleTargetMoved books that two targets are one application at Productiv,
// whatever its address or id was before: what one has accepted the other has.
// It refuses if both have accepted records, for then they are two.
func (d *Delivery) SettleTargetMoved(ctx context.Context, from, to string, by Decision) error {
	if err := d.beforeDecision(ctx, by); err != nil {
		return err
	}
	known, err := d.knownTargets(ctx, d.DB)
	if err != nil {
		return err
	}
	left, err := findTarget(known, "--from", from)
	if err != nil {
		return err
	}
	right, err := d.destination(known, to)
	if err != nil {
		return err
	}
	if err := d.areOne(ctx, left, right); err != nil {
		return err
	}
	covers, err := json.Marshal(etl.Move{From: left.name, To: right.name})
	if err != nil {
		return err
	}
	made, err := d.newDecision(ctx, right.name, decisionTargetMoved, by, covers)
	if err != nil {
		return err
	}
	// What the new target would get for the first time it has had before.
	return d.settleGates(ctx, made, etl.GateTarget, etl.GateFirstLoad)
}

// findTarget finds a target of the ledger by any spelling of it.
func findTarget(known []knownTarget, flag, text string) (knownTarget, error) {
	t, ok := parseTarget(text)
	i := slices.IndexFunc(known, func(k knownTarget) bool { return k.name == t.String() })
	if ok && i >= 0 {
		return known[i], nil
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.name
	}
	if len(names) == 0 {
		return knownTarget{}, etl.Usagef("%s %s: nothing was posted to any target yet", flag, text)
	}
	return knownTarget{}, etl.Usagef("%s %s: nothing was posted there; the ledger knows %s", flag, text, someOf(names))
}

// destination is a target of the ledger, or one that is configured.
func (d *Delivery) destination(known []knownTarget, text string) (knownTarget, error) {
	t, ok := parseTarget(text)
	if ok && t.address == d.address() && d.postsTo(t.appID) {
		return d.knownOr(known, t), nil
	}
	return findTarget(known, "--to", text)
}

func (d *Delivery) knownOr(known []knownTarget, t target) knownTarget {
	for _, k := range known {
		if k.name == t.String() {
			return k
		}
	}
	return knownTarget{target: t, name: t.String(), application: t.String()}
}

// postsTo reports whether an application is configured.
func (d *Delivery) postsTo(appID string) bool {
	p := d.Productiv
	return p.AppID == appID || slices.Contains(slices.Collect(maps.Values(p.AppIDs)), appID)
}

// areOne refuses a move between targets that cannot be one application, or
// that are known to be.
func (d *Delivery) areOne(ctx context.Context, from, to knownTarget) error {
	if from.application == to.application {
		return etl.Usagef("%s and %s are one application already", from.name, to.name)
	}
	accepted := map[string]int{}
	err := d.DB.Each(ctx, "queries/target_accepted.sql", nil, func(rows *sql.Rows) error {
		var (
			application string
			records     int
		)
		err := rows.Scan(&application, &records)
		accepted[application] = records
		return err
	})
	if err != nil {
		return err
	}
	if accepted[from.application] > 0 && accepted[to.application] > 0 {
		return etl.Usagef("%s has accepted %d records and %s %d, so they are two applications; what should stay where it is: spendbridge settle --target-kept --note WHY",
			from.name, accepted[from.application], to.name, accepted[to.application])
	}
	return nil
}

// SettleTargetKept books that the records which the last load held because
// another target has them stay there, and returns how many. Their changes and
// reversals go there.
func (d *Delivery) SettleTargetKept(ctx context.Context, by Decision) (int, error) {
	if err := d.beforeDecision(ctx, by); err != nil {
		return 0, err
	}
	var (
		records int
		covers  string
	)
	if err := d.DB.Get(ctx, "queries/target_held.sql", nil, &records, &covers); err != nil {
		return 0, err
	}
	if records == 0 {
		return 0, etl.Usagef("the last load held no record because another target has it, so there is nothing to keep")
	}
	made, err := d.newDecision(ctx, "records at another target", decisionTargetKept, by, json.RawMessage(covers))
	if err != nil {
		return 0, err
	}
	return records, d.settleGates(ctx, made, etl.GateTarget)
}

// settleGates records a decision that answers what gates asked, and lets go of
// what they held.
func (d *Delivery) settleGates(ctx context.Context, made decided, gates ...string) error {
	if err := d.decide(ctx, made); err != nil {
		return err
	}
	for _, gate := range gates {
		if _, err := d.DB.Exec(ctx, "queries/hold_release.sql", warehouse.Args{"gate": gate}); err != nil {
			return err
		}
	}
	return d.refresh(ctx)
}

func (m decided) applyMove(ctx context.Context, tx *warehouse.Tx) error {
	var to etl.Move
	if err := json.Unmarshal(m.Covers, &to); err != nil {
		return fmt.Errorf("covers: %w", err)
	}
	for _, name := range []string{to.From, to.To} {
		t, ok := parseTarget(name)
		if !ok {
			return fmt.Errorf("covers: %q is not a target", name)
		}
		if _, err := tx.Exec(ctx, "queries/target_add.sql", t.args("")); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "queries/target_move.sql", warehouse.Args{"from": to.From, "to": to.To})
	return err
}
