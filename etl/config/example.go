package config

import (
	"maps"
	"net/url"
	"slices"
)

// An Example is a value of the file that init writes which somebody has to replace.
type Example struct {
	Key, Value, Fix string
	Source          string // empty for the target
}

// Examples lists the values that are still those of the file that init writes. On
// this machine, in the sandbox, they are right.
func (c *Config) Examples(kinds []Kind) []Example {
	written, err := parseConfig("", Template, kinds, func(string) (string, bool) { return "variable", true })
	if err != nil {
		panic(err) // the file has no faults
	}
	var left []Example
	for _, s := range c.Sources {
		i := slices.IndexFunc(written.Sources, func(w Source) bool { return w.Kind == s.Kind })
		if i < 0 || onThisMachine(s.BaseURL) {
			continue
		}
		key := "sources." + s.Name + "."
		w := written.Sources[i]
		for _, setting := range []struct{ name, value, written, fix string }{
			{"organization_id", s.OrganizationID, w.OrganizationID, "write the number in the address of Productive.io once you are signed in: https://app.productive.io/NUMBER-…"},
			{"base_url", s.BaseURL, w.BaseURL, "write the address at which you sign in to Procurify: https://TENANT.procurify.com"},
			{"domain", s.Domain, w.Domain, "write the TENANT of https://TENANT.procurify.com; it is part of every key and must never change"},
		} {
			isDefault := setting.name == "base_url" && setting.value == defaultOf(kinds, s.Kind).BaseURL
			if setting.value != "" && setting.value == setting.written && !isDefault {
				left = append(left, Example{key + setting.name, setting.value, setting.fix, s.Name})
			}
		}
	}
	if onThisMachine(c.Productiv.BaseURL) {
		return left
	}
	apps := map[string]string{"productiv.app_id": c.Productiv.AppID}
	for name, app := range c.Productiv.AppIDs {
		apps["productiv.app_ids."+name] = app
	}
	for _, key := range slices.Sorted(maps.Keys(apps)) {
		if apps[key] == written.Productiv.AppID {
			left = append(left, Example{Key: key, Value: apps[key], Fix: "write the id of the application that Productiv has set up for you"})
		}
	}
	return left
}

func defaultOf(kinds []Kind, name string) Source {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	return kinds[i].Default
}

func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	return err == nil && IsLoopback(u.Hostname())
}
