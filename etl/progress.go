package etl

// Progress receives how much of a task is done, in units such as "pages" or
// "records". A total of 0 means that it is not known yet.
type Progress func(unit string, done, total int64)
