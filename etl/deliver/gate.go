package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// closeGates marks what the gates hold, and reports whether there is anything to post.
func (d *Delivery) closeGates(ctx context.Context, conn warehouse.Runner) (drafted bool, err error) {
	var items int
	if err := conn.Get(ctx, "deliver/item.drafted", nil, &items); err != nil || items == 0 {
		return false, err
	}
	folder, err := d.folderFault(ctx)
	if err != nil {
		return false, err
	}
	settings, err := d.SettingsHash(ctx, conn)
	if err != nil {
		return false, err
	}
	models, err := d.ModelsHash(conn)
	if err != nil {
		return false, err
	}
	p := d.Productiv
	return true, execAll(ctx, conn,
		step{"deliver/gate.approved", nil},
		step{"deliver/gate_close.sql", warehouse.Args{
			"is_folder_held": folder != "", "hold_first_load": p.FirstLoad == config.FirstLoadHold,
			"max_share": fmt.Sprint(d.MaxQuarantined), "settings_hash": settings, "models_hash": models,
			"most_changes": p.HoldChangesAbove, "volume_times": fmt.Sprint(p.HoldVolumeAbove),
		}},
	)
}

// hold stores what the gates hold, as it would be posted. With an approval it stores nothing and
// leaves only what was approved in the draft.
func (d *Delivery) hold(ctx context.Context, conn warehouse.Runner, found findings, approval string) error {
	if approval != "" {
		_, err := conn.Exec(ctx, "deliver/gate.only_approved", warehouse.Args{"decision_id": approval})
		return err
	}
	steps, err := ifAny(ctx, conn, "deliver/gate.any", nil, step{"deliver/gate.forget", nil})
	if err != nil {
		return err
	}
	if found.drafted {
		steps = append(steps, step{"deliver/gate.hold", warehouse.Args{"run_id": string(d.RunID), "at": d.Now().UTC()}})
	}
	return execTogether(ctx, conn, steps...)
}

// ReadPlan returns what the gates of the last load hold.
func ReadPlan(ctx context.Context, r warehouse.Runner) (etl.HeldPlan, error) {
	plan, err := readPlan(ctx, r)
	return plan.HeldPlan, err
}

// A heldPlan also has what a decision to keep records at another target covers.
type heldPlan struct {
	etl.HeldPlan
	Elsewhere []json.RawMessage
}

func readPlan(ctx context.Context, r warehouse.Runner) (heldPlan, error) {
	plan := heldPlan{HeldPlan: etl.HeldPlan{Held: []etl.Held{}}}
	var held bool
	if err := r.Get(ctx, "deliver/gate.any", nil, &held); err != nil || !held {
		return plan, err
	}
	err := warehouse.Fill(ctx, r, &plan, "deliver/gate.plan", nil)
	return plan, err
}

// heldWaits says what is held, and how to proceed.
func (d *Delivery) heldWaits(ctx context.Context) error {
	plan, err := ReadPlan(ctx, d.DB)
	if err != nil || plan.Name == "" {
		return err
	}
	what := plan.String()
	if plan.Has(etl.GateFolder) {
		fault, err := d.folderFault(ctx)
		if err != nil {
			return err
		}
		what += " (" + fault + ")"
	}
	return &etl.NeedsPersonError{What: what, Fix: strings.Join(plan.Ways(), "; ")}
}

// Approve posts exactly what the gates held in the last load. A name must be that of its plan. If
// any of it would be posted otherwise by now, it posts nothing and asks to look again.
func (d *Delivery) Approve(ctx context.Context, name string, by Decision) (Result, error) {
	var result Result
	if err := d.beforeDecision(ctx, by); err != nil {
		return result, err
	}
	plan, err := d.approvable(ctx, name)
	if err != nil {
		return result, err
	}
	var covers string
	if err := d.DB.Get(ctx, "deliver/gate.covers", nil, &covers); err != nil {
		return result, err
	}
	made, err := d.decide(ctx, plan.Name, decisionApprove, by, json.RawMessage(covers))
	if err != nil {
		return result, fmt.Errorf("approve: %w", err)
	}
	if plan.Has(etl.GateFolder) {
		if err := d.renewMarker(ctx); err != nil {
			return result, fmt.Errorf("approve: %w", err)
		}
	}
	if _, err := d.DB.Exec(ctx, "deliver/gate.forget", nil); err != nil {
		return result, err
	}
	return d.post(ctx, made.ID)
}

// approvable returns the plan of the last load, unless there is none, another one is named, or its
// items have changed since they were held.
func (d *Delivery) approvable(ctx context.Context, name string) (etl.HeldPlan, error) {
	plan, err := ReadPlan(ctx, d.DB)
	if err != nil {
		return plan, err
	}
	if plan.Name == "" {
		return plan, etl.Usagef("nothing is held, so there is nothing to approve")
	}
	if name != "" && name != plan.Name {
		return plan, &etl.NeedsPersonError{
			What: fmt.Sprintf("the last load listed plan %s, not %s; nothing is posted", plan.Name, name),
			Fix:  fmt.Sprintf("look at it with: spendbridge load --dry-run, then: spendbridge load --approve=%s --note WHY", plan.Name),
		}
	}
	var changed []string
	err = d.DB.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if err = d.diff(ctx, conn, d.Productiv.OnChange); err != nil {
			return err
		}
		changed, err = warehouse.Strings(ctx, conn, "deliver/gate.changed", nil)
		return err
	})
	if err != nil || len(changed) == 0 {
		return plan, err
	}
	return plan, &etl.NeedsPersonError{
		What: fmt.Sprintf("%d of %d held items have changed since they were held: %s; nothing is posted", len(changed), plan.Items(), someOf(changed)),
		Fix:  "run: spendbridge load, and look at what it holds now",
	}
}
