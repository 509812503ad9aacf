package etl

// Progress is told how far a piece of work has come: done of total units,
// such as "pages" or "records". A total of 0 is not known yet.
type Progress func(unit string, done, total int64)
