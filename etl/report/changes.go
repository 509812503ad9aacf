package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			walk(join(path, name), member, all)
		}
	case []any:
		for i, element := range v {
			walk(join(path, fmt.Sprint(i)), element, all)
		}
	default:
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(fmt.Sprint(v))
		}
		all[path] = string(text)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
