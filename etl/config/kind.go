package config

import (
	"slices"
	"strings"
	"time"
)

// A Kind is what the configuration knows of a vendor.
type Kind struct {
	Name     string
	Settings []string // the keys of its sources, beside those of all sources
	Default  Source   // what holds if the file does not say otherwise
}

// commonSettings are the keys of a source of any kind.
var commonSettings = []string{"kind", "base_url", "lookback", "max_requests_per_second", "max_wait"}

// settingChecks check the keys that not every kind has.
var settingChecks = map[string]func(r *reader, key string, s Source){
	"token":           func(r *reader, key string, s Source) { r.secret(key, s.Token) },
	"client_id":       func(r *reader, key string, s Source) { r.secret(key, s.ClientID) },
	"client_secret":   func(r *reader, key string, s Source) { r.secret(key, s.ClientSecret) },
	"organization_id": func(r *reader, key string, s Source) { r.tenant(key, s.OrganizationID) },
	"domain":          func(r *reader, key string, s Source) { r.tenant(key, s.Domain) },
	"amount_basis":    func(r *reader, key string, s Source) { r.oneOf(key, s.AmountBasis, "gross", "net") },
	"amount_unit":     func(r *reader, key string, s Source) { r.oneOf(key, s.AmountUnit, "", "major", "minor") },
	"hidden_vendor":   func(r *reader, key string, s Source) { r.oneOf(key, s.HiddenVendor, "quarantine", "title") },
	"minor_units": func(r *reader, key string, s Source) {
		for currency, exponent := range s.MinorUnits {
			r.matches(key+"."+currency, currency, currencyCode, "the key as an ISO 4217 code like JPY")
			r.between(key+"."+currency, float64(exponent), 0, 4)
		}
	},
}

// kind returns the kind of that name.
func (r *reader) kind(name string) (Kind, bool) {
	i := slices.IndexFunc(r.kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return r.kinds[i], true
}

// kindNames lists the kinds in a sentence.
func (r *reader) kindNames() string {
	var names []string
	for _, k := range r.kinds {
		names = append(names, k.Name)
	}
	return strings.Join(names, " or ")
}

// source returns a source that has no settings of its own.
func (k Kind) source(name string) Source {
	s := k.Default
	s.Name, s.Kind, s.Lookback, s.MaxWait = name, k.Name, Duration(90*day), Duration(5*time.Minute)
	return s
}
