package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"spendbridge/etl"
	"spendbridge/etl/plaintext"
)

// Read reads and checks a configuration file. Its error is a
// [*etl.UsageError] that lists every fault, each with its line, its key and a
// fix. Its sources are of the given kinds.
func Read(path string, kinds []Kind) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, etl.Usagef("there is no configuration %s; create one with: spendbridge init, or name yours with --config", path)
	}
	if err != nil {
		return nil, etl.Usagef("configuration: %w", err)
	}
	return parseConfig(path, text, kinds, os.LookupEnv)
}

// parseConfig parses the text of the file at path. lookup finds environment
// variables.
func parseConfig(path string, text []byte, kinds []Kind, lookup func(string) (string, bool)) (*Config, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	r := &reader{
		folder: folder, kinds: kinds, lookup: lookup, values: map[*token.Token]value{},
		at: map[string]*token.Position{}, expanded: map[string]bool{},
	}
	r.readEnv()
	config := Default()
	if root := r.parse(text); root != nil {
		r.read(config, root)
		check(config, r)
	}
	return config, r.err(filepath.Base(path))
}

// A reader decodes a configuration and collects all faults.
type reader struct {
	folder   string // of the configuration file
	kinds    []Kind
	lookup   func(string) (string, bool)
	env      map[string]string      // what lookup does not find
	values   map[*token.Token]value // by the token that an error of goccy carries
	sources  []value                // not yet checked: their shape depends on their kind
	faults   []fault
	at       map[string]*token.Position // of each key in the file
	expanded map[string]bool            // keys whose value contains a variable
}

// parse returns the root of the file, or nil if it is not valid YAML.
func (r *reader) parse(content []byte) ast.Node {
	text, err := plaintext.Decode(content)
	var encoding *plaintext.EncodingError
	if errors.As(err, &encoding) {
		r.fault(&token.Position{Line: encoding.Line, Column: 1}, "", "%s; save the file as UTF-8", encoding.Problem)
		return nil
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		// Its Error would quote the file, and with it a secret.
		r.fault(syntax.GetToken().Position, "", "is not valid YAML: %s", syntax.GetMessage())
	case err != nil || len(file.Docs) > 1:
		r.fault(nil, "", "must be a single YAML document")
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		return ast.Mapping(nil, false)
	default:
		return file.Docs[0].Body
	}
	return nil
}

func (r *reader) read(c *Config, root ast.Node) {
	if !r.fits(value{ast.MappingValue(nil, nil, root), ""}, rootShape()) {
		return
	}
	r.decode(c, root)
	// All other keys of the schedule are sources.
	if schedule, ok := find(root, "schedule").(*ast.MappingNode); ok {
		schedule.Values = slices.DeleteFunc(schedule.Values, func(pair *ast.MappingValueNode) bool {
			return slices.Contains(jobNames, pair.Key.GetToken().Value)
		})
		if len(schedule.Values) > 0 {
			r.decode(&c.Schedule.Extract, schedule)
		}
	}
	for _, v := range r.sources {
		r.source(c, v)
	}
}

// source decodes one source. Its keys depend on its kind, which defaults to
// its name.
func (r *reader) source(c *Config, v value) {
	name, pos := v.Key.GetToken().Value, v.Key.GetToken().Position
	kindName := name
	if node := find(v.Value, "kind"); node != nil {
		kindName, pos = node.GetToken().Value, node.GetToken().Position
	}
	kind, ok := r.kind(kindName)
	if !ok {
		r.fault(pos, v.key+".kind", "must be %s; set kind: under %s", r.kindNames(), name)
		return
	}
	source := kind.source(name)
	if r.fits(v, kind.shape()) {
		r.decode(&source, v.Value)
	}
	c.Sources = append(c.Sources, source)
}

// decode decodes a section. goccy stops at the first fault, so decode removes
// that value and tries again.
func (r *reader) decode(section any, node ast.Node) {
	for err := yaml.NodeToValue(node, section); err != nil; err = yaml.NodeToValue(node, section) {
		var fault yaml.Error
		errors.As(err, &fault)
		v := r.values[fault.GetToken()]
		want := fault.GetMessage()
		if _, ok := fault.(*yaml.OverflowError); ok {
			want = "a smaller number"
		}
		r.fault(fault.GetToken().Position, v.key, "%s; write %s", r.is(v.key, v.Value.GetToken().Value), want)
		v.Value = ast.Null(fault.GetToken())
	}
}

// find returns the value of a key, or nil.
func find(node ast.Node, key string) ast.Node {
	found, err := new(yaml.PathBuilder).Root().Child(key).Build().FilterNode(node)
	if err != nil {
		return nil
	}
	return found
}

// A fault is one error in a configuration.
type fault struct {
	file         string // empty for the configuration itself
	line, column int
	key, message string
}

func (r *reader) fault(pos *token.Position, key, format string, args ...any) {
	f := fault{key: key, message: fmt.Sprintf(format, args...)}
	if pos != nil {
		f.line, f.column = pos.Line, pos.Column
	}
	r.faults = append(r.faults, f)
}

// faultAt reports a fault at the key, or at the nearest key above it that the
// file has. A key that already has a fault gets no other.
func (r *reader) faultAt(key, format string, args ...any) {
	if slices.ContainsFunc(r.faults, func(f fault) bool { return f.key == key }) {
		return
	}
	above := key
	for r.at[above] == nil && strings.Contains(above, ".") {
		above = above[:strings.LastIndexByte(above, '.')]
	}
	r.fault(r.at[above], key, format, args...)
}

// err joins all faults into one error, in the order of the file, those of [EnvFile]
// first.
func (r *reader) err(file string) error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b fault) int {
		return cmp.Or(cmp.Compare(b.file, a.file), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	lines := []string{"the configuration is invalid:"}
	for _, f := range r.faults {
		where := cmp.Or(f.file, file)
		if f.line > 0 {
			where = fmt.Sprintf("%s:%d:%d", where, f.line, f.column)
		}
		if f.key != "" {
			where += ": " + f.key
		}
		lines = append(lines, where+": "+f.message)
	}
	return etl.Usagef("%s", strings.Join(lines, "\n  "))
}
