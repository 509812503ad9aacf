package config

import (
	"log/slog"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"spendbridge/etl"
)

// A Secret is a value that is never printed, logged or stored: whatever
// formats, logs or encodes it gets a placeholder.
type Secret struct {
	value string
}

// NewSecret returns a secret with a value.
func NewSecret(value string) Secret { return Secret{value} }

const redacted = "[secret]"

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (s *Secret) UnmarshalYAML(node ast.Node) error {
	*s = NewSecret(strings.TrimRight(node.GetToken().Value, "\n")) // of a block of YAML
	return nil
}

// Reveal returns the value, for the one client that needs it.
func (s Secret) Reveal() string { return s.value }

// A NamedSecret is a secret with its key in the configuration.
type NamedSecret struct {
	Key string
	Secret
}

// Secrets lists the secrets that are set.
func (c *Config) Secrets() []NamedSecret {
	var all []NamedSecret
	add := func(key string, s Secret) {
		if s.IsSet() {
			all = append(all, NamedSecret{key, s})
		}
	}
	for _, s := range c.Sources {
		key := "sources." + s.Name
		add(key+".token", s.Token)
		add(key+".client_id", s.ClientID)
		add(key+".client_secret", s.ClientSecret)
	}
	add("productiv.client_id", c.Productiv.ClientID)
	add("productiv.client_secret", c.Productiv.ClientSecret)
	add("warehouse", c.Lake.Password)
	add("s3.key_id", c.S3.KeyID)
	add("s3.secret", c.S3.Secret)
	add("notify.webhook", c.Notify.Webhook.afterHost())
	add("notify.heartbeat_url", c.Notify.HeartbeatURL.afterHost())
	return all
}

// afterHost is the part of an address that makes it a secret: its path and
// query, unless they are too short to be one.
func (s Secret) afterHost() Secret {
	u, err := url.Parse(s.value)
	if err != nil || len(u.RequestURI()) < etl.ShortestSecret {
		return s
	}
	return NewSecret(u.RequestURI())
}

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// String implements [fmt.Stringer] with a placeholder.
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer] with a placeholder, for %#v.
func (s Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer] with a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler] with a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
