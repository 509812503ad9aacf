// Package snapshot exports canonical.spend: as Parquet files that never change
// and that are read back before anyone sees them, and as the analysts' copy, a
// DuckDB file that is replaced as a whole.
package snapshot
