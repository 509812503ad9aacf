package etl

import (
	"fmt"
	"strings"
)

// The gates that hold records before their first byte is sent to Productiv,
// as the ledger and every report name them.
const (
	GateFolder     = "folder"             // this may not be the data folder that posted last
	GateDelivered  = "delivered_keys"     // a list of what Productiv has does not name the record
	GateTarget     = "target"             // another target has the record
	GateFirstLoad  = "first_load"         // the target never accepted anything from this source
	GateQuarantine = "quarantine"         // much of the source went into quarantine
	GateBackfill   = "backfill"           // it came by a backfill, or became due by a changed setting or version
	GateChanges    = "hold_changes_above" // the setting of this name
	GateVolume     = "hold_volume_above"  // the setting of this name
)

// A Held is what one gate holds.
type Held struct {
	Gate    string `json:"gate"`
	Items   int    `json:"items"` // what would be posted: a change may be two
	Records int    `json:"records"`
}

// Why is a short reason why the gate holds.
func (h Held) Why() string {
	switch h.Gate {
	case GateFolder:
		return "this may not be the data folder that posted last"
	case GateDelivered:
		return "the file of delivered keys does not list them"
	case GateTarget:
		return "another target of Productiv has them"
	case GateFirstLoad:
		return "this is the first load of the source to this target"
	case GateQuarantine:
		return "many records of the source went into quarantine since the last load"
	case GateBackfill:
		return "they came by a backfill, or became due by a changed setting"
	default:
		return "the load is larger than productiv." + h.Gate + " allows"
	}
}

// A HeldPlan is what the gates of the last load hold, under the name by which it
// can be approved. Without a name nothing is held.
type HeldPlan struct {
	Name  string `json:"plan"`
	Held  []Held `json:"held"`
	Moves []Move `json:"moves,omitempty"` // what the gate of the target asks
}

// A Move is a target of Productiv that has records, and the one that they
// would go to now.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Items is how many items an approval would post.
func (p HeldPlan) Items() int {
	n := 0
	for _, h := range p.Held {
		n += h.Items
	}
	return n
}

// Has reports whether a gate holds something.
func (p HeldPlan) Has(gate string) bool {
	for _, h := range p.Held {
		if h.Gate == gate {
			return true
		}
	}
	return false
}

// Ways lists the commands that resolve the gates. Approval comes last.
func (p HeldPlan) Ways() []string {
	ways := []string{"spendbridge load --dry-run"}
	for _, m := range p.Moves {
		ways = append(ways, fmt.Sprintf("spendbridge settle --target-moved --from %s --to %s --note WHY  # both are one application", m.From, m.To))
	}
	if p.Has(GateTarget) {
		ways = append(ways, "spendbridge settle --target-kept --note WHY  # they are two, the records stay where they are")
	}
	if p.Has(GateFolder) {
		ways = append(ways,
			"spendbridge verify --rebuild  # after the newest sent files were copied into sent in the data folder",
			"spendbridge settle --delivered-keys FILE --note WHY  # a file exported from Productiv")
	}
	return append(ways, fmt.Sprintf("spendbridge load --approve=%s --note WHY  # posts exactly these %d", p.Name, p.Items()))
}

// String describes what is held and why.
func (p HeldPlan) String() string {
	parts := make([]string, len(p.Held))
	for i, h := range p.Held {
		parts[i] = fmt.Sprintf("%d records are held by the gate %s: %s", h.Records, h.Gate, h.Why())
	}
	return strings.Join(parts, "; ")
}
