package config

import (
	"log/slog"
	"strings"

	"github.com/goccy/go-yaml/ast"
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
