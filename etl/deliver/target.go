package deliver

import (
	"cmp"
	"context"
	"database/sql"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

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

// parseTarget reads a target as the ledger writes it, or as a person does:
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
	var all []knownTarget
	err := r.Each(ctx, "queries/target_list.sql", nil, func(rows *sql.Rows) error {
		var t knownTarget
		err := rows.Scan(&t.name, &t.address, &t.appID, &t.application)
		all = append(all, t)
		return err
	})
	return all, err
}

// reach returns the application id that a batch planned for a target is sent
// to, and whether it can be sent at all: the target is at the configured
// address, or is the same application as one that is.
func (d *Delivery) reach(known []knownTarget, name string) (appID string, ok bool) {
	here := d.address()
	find := func(match func(knownTarget) bool) (knownTarget, bool) {
		i := slices.IndexFunc(known, match)
		if i < 0 {
			return knownTarget{}, false
		}
		return known[i], true
	}
	named, ok := find(func(t knownTarget) bool { return t.name == name })
	if !ok { // planned for a target that has not accepted anything yet
		t, ok := parseTarget(name)
		return t.appID, ok && t.address == here
	}
	if named.address == here {
		return named.appID, true
	}
	same, ok := find(func(t knownTarget) bool { return t.address == here && t.application == named.application })
	return same.appID, ok
}

// adoptTargets brings the targets of a ledger that an older version wrote into
// normal form. What that version called a target had no path.
func (d *Delivery) adoptTargets(ctx context.Context, tx *warehouse.Tx) error {
	type stray struct{ name, appID, run string }
	var strays []stray
	err := tx.Each(ctx, "queries/target_strays.sql", nil, func(rows *sql.Rows) error {
		var s stray
		err := rows.Scan(&s.name, &s.appID, &s.run)
		strays = append(strays, s)
		return err
	})
	if err != nil || len(strays) == 0 {
		return err
	}
	for _, s := range strays {
		t := d.adopted(s.name, s.appID)
		err := execAll(ctx, tx,
			step{"queries/target_rename_batches.sql", warehouse.Args{"old": s.name, "new": t.String()}},
			step{"queries/target_rename_items.sql", warehouse.Args{"old": s.name, "new": t.String()}},
			step{"queries/target_add.sql", t.args(s.run)},
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
