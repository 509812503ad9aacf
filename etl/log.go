package etl

import "log/slog"

// Log attribute keys. Every log line in the program draws from this list.
const (
	KeyRun      = "run"
	KeyStage    = "stage"
	KeySource   = "source"
	KeyStream   = "stream"
	KeyWindow   = "window"
	KeyPage     = "page"
	KeyPass     = "pass"
	KeyBatch    = "batch"
	KeyState    = "state"
	KeySnapshot = "snapshot"
	KeyRecord   = "record"
	KeyRecords  = "records"
	KeyRows     = "rows"
	KeyAmount   = "amount"
	KeyCurrency = "currency"
	KeyCheck    = "check"
	KeyFile     = "file"
	KeyHost     = "host"
	KeyPath     = "path"
	KeyStatus   = "status"
	KeyAttempt  = "attempt"
	KeyWait     = "wait"
	KeyDuration = "duration"
	KeyReason   = "reason"
	KeyJob      = "job"
	KeyDue      = "due"
	KeyUnit     = "unit"
	KeyDone     = "done"
	KeyTotal    = "total"
	KeyRate     = "rate" // per second
	KeyProgress = "progress"
	KeyErr      = "err" // the key tint colours
)

// Err returns err as a log attribute.
func Err(err error) slog.Attr { return slog.Any(KeyErr, err) }
