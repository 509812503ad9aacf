// Package etl holds the words of the program: what a run, a stage, a source
// and a page are, which errors exist and which keys log lines use. It imports
// the standard library only, so that every other package can speak in its
// terms.
//
// Data flows one way and the sub-packages follow it:
//
//	extract    vendor API → raw.pages, raw.records
//	transform  raw.* → staging.* → canonical.*, then checks and control totals
//	load       canonical.* → Parquet snapshot, published copy, Productiv
//	report     reads what the others wrote and explains it
//
// They are strangers to each other; cmd/spendbridge wires them together.
// Tools below them (warehouse, httpretry) know nothing of spend.
//
// State that survives everything is raw.* with its page files, delivery.* and
// ops.*. Everything in staging.* and canonical.* is derived, and may be
// dropped at any time: the next run rebuilds it.
package etl
