package deliver

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A target is one application at one address of Productiv. Its text is the two.
type target struct {
	Address string // base_url in normal form
	AppID   string
}

func (t target) String() string {
	if t.AppID == "" {
		return ""
	}
	return t.Address + "/" + url.PathEscape(t.AppID)
}

// parseTarget reads a target as the ledger or people write it: with a scheme, capitals, a port.
func parseTarget(text string) (target, bool) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "/")
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	slash := strings.LastIndex(text, "/")
	id, err := url.PathUnescape(text[slash+1:])
	address := normalAddress(text[:slash])
	return target{address, id}, err == nil && address != "" && id != ""
}

// normalAddress returns host and path of a URL in lower case, without scheme, default port, user and
// trailing dot or slash. It is empty for what is not a URL.
func normalAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip := net.ParseIP(host); ip != nil {
		host = ip.String()
	}
	switch port := strings.TrimLeft(u.Port(), "0"); {
	case port != "" && port != defaultPorts[strings.ToLower(u.Scheme)]:
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return host + strings.TrimSuffix(strings.ToLower(path.Clean("/"+u.Path)), "/")
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// address is what every configured target has before the application id.
func (d *Delivery) address() string { return normalAddress(d.Productiv.BaseURL) }

// target returns where a source's records go; its text is empty for nowhere.
func (d *Delivery) target(source string) target {
	return target{d.address(), d.Productiv.AppFor(source)}
}

// knownTarget is a target with the application it belongs to.
type knownTarget struct {
	target
	Target, Application string
}

func (d *Delivery) knownTargets(ctx context.Context, r warehouse.Runner) (known []knownTarget, err error) {
	err = warehouse.Fill(ctx, r, &known, "deliver/target.list", nil)
	return known, err
}

// reach returns the application id that a batch for a target is sent to, and whether it can be: the
// target is at the configured address, or is the same application as one that is.
func (d *Delivery) reach(known []knownTarget, name string) (appID string, ok bool) {
	here := d.address()
	i := slices.IndexFunc(known, func(t knownTarget) bool { return t.Target == name })
	if i < 0 { // planned for a target that has not accepted anything yet
		t, ok := parseTarget(name)
		return t.AppID, ok && t.Address == here
	}
	if known[i].Address == here {
		return known[i].AppID, true
	}
	same := slices.IndexFunc(known, func(t knownTarget) bool { return t.Address == here && t.Application == known[i].Application })
	if same < 0 {
		return "", false
	}
	return known[same].AppID, true
}

// adoptTargets normalizes the targets that an older version wrote, which had no path.
func (d *Delivery) adoptTargets(ctx context.Context, tx *warehouse.Tx) error {
	var orphans []struct{ Target, AppID, FirstRunID string }
	if err := warehouse.Fill(ctx, tx, &orphans, "deliver/target.orphans", nil); err != nil {
		return err
	}
	for _, o := range orphans {
		t := d.adopted(o.Target, o.AppID)
		err := execAll(ctx, tx,
			step{"deliver/target.rename_batches", warehouse.Args{"old": o.Target, "new": t.String()}},
			step{"deliver/target.rename_items", warehouse.Args{"old": o.Target, "new": t.String()}},
			step{"deliver/target.add", t.args(o.FirstRunID)},
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// adopted is the normal form of a target in the older one: host/app_id.
func (d *Delivery) adopted(name, appID string) target {
	host := strings.TrimSuffix(name, "/"+appID)
	address := cmp.Or(normalAddress("https://"+host), host)
	configured := d.address()
	if before, _, _ := strings.Cut(configured, "/"); before == address {
		address = configured
	}
	return target{address, appID}
}

func (t target) args(run string) warehouse.Args {
	return warehouse.Args{"target": t.String(), "address": t.Address, "app_id": t.AppID, "run_id": run}
}

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
	covers, err := json.Marshal(etl.Move{From: left.Target, To: right.Target})
	if err != nil {
		return err
	}
	if _, err := d.decide(ctx, right.Target, decisionTargetMoved, by, covers); err != nil {
		return err
	}
	// What the new target would get for the first time it has had before.
	return d.release(ctx, etl.GateTarget, etl.GateFirstLoad)
}

// findTarget finds a target of the ledger by any spelling of it.
func findTarget(known []knownTarget, flag, text string) (knownTarget, error) {
	t, ok := parseTarget(text)
	i := slices.IndexFunc(known, func(k knownTarget) bool { return k.Target == t.String() })
	if ok && i >= 0 {
		return known[i], nil
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.Target
	}
	if len(names) == 0 {
		return knownTarget{}, etl.Usagef("%s %s: nothing was posted to any target yet", flag, text)
	}
	return knownTarget{}, etl.Usagef("%s %s: nothing was posted there; the ledger knows %s", flag, text, someOf(names))
}

// destination is a target of the ledger, or one that is configured.
func (d *Delivery) destination(known []knownTarget, text string) (knownTarget, error) {
	to, err := findTarget(known, "--to", text)
	apps := append(slices.Collect(maps.Values(d.Productiv.AppIDs)), d.Productiv.AppID)
	if t, ok := parseTarget(text); err != nil && ok && t.Address == d.address() && slices.Contains(apps, t.AppID) {
		return knownTarget{target: t, Target: t.String(), Application: t.String()}, nil
	}
	return to, err
}

// areOne refuses a move between targets that cannot be one application, or already are.
func (d *Delivery) areOne(ctx context.Context, from, to knownTarget) error {
	if from.Application == to.Application {
		return etl.Usagef("%s and %s are one application already", from.Target, to.Target)
	}
	var there, here int
	err := d.DB.Get(ctx, "deliver/target.accepted", warehouse.Args{
		"from": from.Application, "to": to.Application,
	}, &there, &here)
	if err != nil {
		return err
	}
	if there > 0 && here > 0 {
		return etl.Usagef("%s has accepted %d records and %s %d, so they are two applications; what should stay where it is: spendbridge settle --target-kept --note WHY",
			from.Target, there, to.Target, here)
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
	plan, err := readPlan(ctx, d.DB)
	if err != nil {
		return 0, err
	}
	records := len(plan.Elsewhere)
	if records == 0 {
		return 0, etl.Usagef("the last load held no record because another target has it, so there is nothing to keep")
	}
	covers, err := json.Marshal(plan.Elsewhere)
	if err != nil {
		return 0, err
	}
	if _, err := d.decide(ctx, "records at another target", decisionTargetKept, by, covers); err != nil {
		return 0, err
	}
	return records, d.release(ctx, etl.GateTarget)
}

// release lets go of what gates held: a decision answers what they asked.
func (d *Delivery) release(ctx context.Context, gates ...string) error {
	if _, err := d.DB.Exec(ctx, "deliver/gate.release", warehouse.Args{"gates": gates}); err != nil {
		return err
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
		if _, err := tx.Exec(ctx, "deliver/target.add", t.args("")); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "deliver/target.move", warehouse.Args{"from": to.From, "to": to.To})
	return err
}
