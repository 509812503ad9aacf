package etl

import "fmt"

// The levels of a finding.
const (
	LevelOK      = "ok"
	LevelWarning = "warning"
	LevelError   = "error"
)

// A Finding is what one check of an installation found, and a fix.
type Finding struct {
	Check   string `json:"check"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Fix     string `json:"mend,omitempty"`
}

// Findings collects what checks found.
type Findings []Finding

// OK notes that a check found nothing wrong.
func (f *Findings) OK(check, format string, args ...any) {
	*f = append(*f, Finding{check, LevelOK, fmt.Sprintf(format, args...), ""})
}

// Warn notes something to look at, and a fix.
func (f *Findings) Warn(check, fix, format string, args ...any) {
	*f = append(*f, Finding{check, LevelWarning, fmt.Sprintf(format, args...), fix})
}

// Fail notes something wrong, and a fix.
func (f *Findings) Fail(check, fix, format string, args ...any) {
	*f = append(*f, Finding{check, LevelError, fmt.Sprintf(format, args...), fix})
}
