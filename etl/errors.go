package etl

import (
	"errors"
	"fmt"
	"strings"
)

// Errors differ by what they ask of the caller, not by where they arose.

// ErrDrift reports a vendor payload that no longer has the documented shape.
// Retrying cannot help: the page is kept and the cursor stays until somebody
// reviews it.
var ErrDrift = errors.New("vendor payload changed shape")

// A StageError names the stage that stopped a run. Only [Pipeline] returns it.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return e.Stage + ": " + e.Err.Error() }
func (e *StageError) Unwrap() error { return e.Err }

// A UsageError is a wrong command line or configuration: exit code 2, and
// nothing was done.
type UsageError struct {
	Err error
}

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef returns a [*UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// A NeedsPersonError says that a program can do no more and what needs
// attention: exit code 3.
type NeedsPersonError struct {
	What string // what needs attention, such as "1 batch has an unknown outcome"
	Fix  string // the command or setting that settles it
}

func (e *NeedsPersonError) Error() string {
	if e.Fix == "" {
		return e.What
	}
	return e.What + "; " + e.Fix
}

// A CheckError reports a data check that found offending rows: a file in
// sql/6_checks, or a control total that does not balance.
type CheckError struct {
	Check string // the file, or the identity that is violated
	Rows  int    // how many rows offend
	First []string
}

func (e *CheckError) Error() string {
	s := fmt.Sprintf("%s: %d offending rows", e.Check, e.Rows)
	if len(e.First) > 0 {
		s += "\n  " + strings.Join(e.First, "\n  ")
	}
	return s
}

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

// A Suggestion is a pair of vendors that are probably the same. Amounts are
// decimal text in the reporting currency.
type Suggestion struct {
	Vendor     string `json:"vendor"` // the one with less spend
	Spelling   string `json:"spelling"`
	Amount     string `json:"amount"`
	Records    int    `json:"records"`
	Into       string `json:"into_vendor"`
	IntoSpelt  string `json:"into_spelling"`
	IntoAmount string `json:"into_amount"`
	IntoCount  int    `json:"into_records"`
	Similarity string `json:"similarity"` // 0.000 … 1.000 = the same
}
