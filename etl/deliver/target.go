package deliver

import (
	"cmp"
	"context"
	"database/sql"
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

// A target is one application at one address of Productiv: whatever it
// accepted, it has. Its text is the address and the application id.
type target struct {
	address string // base_url in normal form
	appID   string
}

func (t target) String() string {
	if t.appID == "" {
		return ""
	}
	return t.address + "/" + url.PathEscape(t.appID)
}

// parseTarget reads a target as the ledger writes it, or as people do:
// with a scheme, in capitals, with the default port.
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

// normalAddress returns host and path of a URL so that two spellings of one
// address are equal: lower case, without scheme, default port, user and
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

// address returns the part of every configured target that comes before the
// application id.
func (d *Delivery) address() string { return normalAddress(d.Productiv.BaseURL) }

// target returns where a source's records go; its text is empty for nowhere.
func (d *Delivery) target(source string) target {
	return target{d.address(), d.Productiv.AppFor(source)}
}

// knownTarget is a target with the application it belongs to.
type knownTarget struct {
	target
	name, application string
}

func (d *Delivery) knownTargets(ctx context.Context, r warehouse.Runner) ([]knownTarget, error) {
	return warehouse.List(ctx, r, "deliver/target.list", nil, func(rows *sql.Rows, t *knownTarget) error {
		return rows.Scan(&t.name, &t.address, &t.appID, &t.application)
	})
}

// reach returns the application id that a batch planned for a target is sent
// to, and whether it can be sent at all: the target is at the configured
// address, or is the same application as one that is.
func (d *Delivery) reach(known []knownTarget, name string) (appID string, ok bool) {
	here := d.address()
	i := slices.IndexFunc(known, func(t knownTarget) bool { return t.name == name })
	if i < 0 { // planned for a target that has not accepted anything yet
		t, ok := parseTarget(name)
		return t.appID, ok && t.address == here
	}
	if known[i].address == here {
		return known[i].appID, true
	}
	same := slices.IndexFunc(known, func(t knownTarget) bool { return t.address == here && t.application == known[i].application })
	if same < 0 {
		return "", false
	}
	return known[same].appID, true
}

// adoptTargets brings the targets of a ledger that an older version wrote into
// normal form. What that version called a target had no path.
func (d *Delivery) adoptTargets(ctx context.Context, tx *warehouse.Tx) error {
	type orphan struct{ name, appID, run string }
	orphans, err := warehouse.List(ctx, tx, "deliver/target.orphans", nil, func(rows *sql.Rows, o *orphan) error {
		return rows.Scan(&o.name, &o.appID, &o.run)
	})
	if err != nil {
		return err
	}
	for _, o := range orphans {
		t := d.adopted(o.name, o.appID)
		err := execAll(ctx, tx,
			step{"deliver/target.rename_batches", warehouse.Args{"old": o.name, "new": t.String()}},
			step{"deliver/target.rename_items", warehouse.Args{"old": o.name, "new": t.String()}},
			step{"deliver/target.add", t.args(o.run)},
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
	return warehouse.Args{"target": t.String(), "address": t.address, "app_id": t.appID, "run_id": run}
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
	covers, err := json.Marshal(etl.Move{From: left.name, To: right.name})
	if err != nil {
		return err
	}
	if _, err := d.decide(ctx, right.name, decisionTargetMoved, by, covers); err != nil {
		return err
	}
	// What the new target would get for the first time it has had before.
	return d.release(ctx, etl.GateTarget, etl.GateFirstLoad)
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
	to, err := findTarget(known, "--to", text)
	if t, ok := parseTarget(text); err != nil && ok && t.address == d.address() && d.postsTo(t.appID) {
		return knownTarget{target: t, name: t.String(), application: t.String()}, nil
	}
	return to, err
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
	err := d.DB.Each(ctx, "deliver/target.accepted", nil, func(rows *sql.Rows) error {
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
	if err := d.DB.Get(ctx, "deliver/target.held", nil, &records, &covers); err != nil {
		return 0, err
	}
	if records == 0 {
		return 0, etl.Usagef("the last load held no record because another target has it, so there is nothing to keep")
	}
	if _, err := d.decide(ctx, "records at another target", decisionTargetKept, by, json.RawMessage(covers)); err != nil {
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
