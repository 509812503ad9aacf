package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Change is one value of a payload that differs between two versions. An
// absent value is the empty text.
type Change struct {
	Path   string `json:"path"` // as in attributes.amount
	Before string `json:"before"`
	After  string `json:"after"`
}

// changesBetween lists what differs between two JSON documents, by path.
func changesBetween(before, after json.RawMessage) ([]Change, error) {
	old, err := leaves(before)
	if err != nil {
		return nil, err
	}
	young, err := leaves(after)
	if err != nil {
		return nil, err
	}
	changes := []Change{}
	paths := maps.Clone(old)
	maps.Copy(paths, young)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if old[path] != young[path] {
			changes = append(changes, Change{path, old[path], young[path]})
		}
	}
	return changes, nil
}

// leaves returns the JSON text of every value that holds no others, by path.
func leaves(doc json.RawMessage) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	all := map[string]string{}
	walk("", value, all)
	return all, nil
}

func walk(path string, value any, all map[string]string) {
	below := func(name string, value any) { walk(strings.TrimPrefix(path+"."+name, "."), value, all) }
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			below(name, member)
		}
	case []any:
		for i, element := range v {
			below(strconv.Itoa(i), element)
		}
	default:
		text, _ := json.Marshal(v) // what was JSON
		all[path] = string(text)
	}
}
