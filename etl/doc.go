// Package etl holds the words of the program: what a run, a stage, a source
// and a page are, which errors exist, and which keys log lines use. It imports
// the standard library only, so that every other package can speak in its
// terms. This comment is the guided tour.
//
// # The way of a record
//
// Data flows one way, and the packages follow it:
//
//	extract    vendor API → page files, raw.*
//	transform  raw.* → staging.* → canonical.*, then checks and control totals
//	snapshot   canonical.spend → Parquet files, and the analysts' copy
//	deliver    canonical.spend → Productiv, and the ledger of it
//	report     reads what the others wrote: state, one record's life, the page of a run
//	sandbox    the three vendors on loopback
//
// They are strangers to each other. Package job puts them in order: its file
// stages.go shows a whole run on one screen. Above it, schedule runs jobs when
// they are due, monitor shows others how the installation stands, doctor
// examines it, and cmd/spendbridge turns command lines into plans and results
// into tables.
//
// Below the stages are tools that know nothing of spend: config reads
// spendbridge.yaml, warehouse opens DuckDB and runs SQL files by name,
// httpretry talks HTTP; durable puts files in place, plaintext reads text files. On top
// of them, store keeps what must outlive this machine in a bucket.
//
// A package imports the levels below its own, and imports_test.go proves it.
//
// SQL does the data work. It is in sql: the numbered folders are layers that run in
// order, and a folder with the name of a package holds the statements it runs.
//
// # The tables
//
// State that survives everything is raw.* with its journals and page files, delivery.* with
// the sent files, and ops.*. Everything in staging.* and canonical.* is
// derived, and may be dropped at any time: the next run rebuilds it.
//
//	table                    one row is                                           written by
//	raw.pages                one vendor response, and the file if it brought news extract
//	raw.records              one version of one vendor object                     extract
//	raw.newest_records       the newest version of one object (a view)             –
//	raw.journals             how far one journal of a job is in the tables above  extract
//	raw.cursors              where one window of a job stands                     extract
//	raw.absences             one object that a proven read did not find           extract
//	raw.vanished             one disappearance that waits to be accepted          extract
//	staging.setting_*        the configuration and the user's files, as SQL       transform
//	staging.<vendor>__*      one vendor object as last seen, typed                transform
//	staging.model_hashes     the SQL and settings that derived tables were made by transform
//	staging.raw_values       the amounts of one version, for the control totals   transform
//	staging.records_combined one record in the words that all vendors share       transform
//	staging.vendor_*         one spelling, key or alias of a vendor               transform
//	canonical.spend          one spend record                                     transform
//	canonical.excluded       one record known not to be spend, with its reason    transform
//	canonical.quarantine     one record that could not become spend, and why      transform
//	canonical.placed_records one record of the three, with its place (a view)      –
//	canonical.fx_rates       one reference rate of one day                        transform
//	canonical.fx_source      the file that the reference rates came from           transform
//	delivery.batches         one post, or one that is planned                     deliver
//	delivery.planned_items   one record as it was planned, with its exact JSON    deliver
//	delivery.items           the same with what became of it (a view)              –
//	delivery.retried_items   one rejected item that is let go of                  deliver
//	delivery.targets         one application at Productiv that accepted something deliver
//	delivery.kept_records    one record that stays at an earlier target           deliver
//	delivery.holds           one item that a gate holds                           deliver
//	delivery.decisions       one decision of a person                             deliver
//	delivery.approvals       one item that a person approved                      deliver
//	delivery.dismissals      one difference that a person signed for              deliver
//	delivery.differences     one record that Productiv does not hold as spend has it deliver
//	delivery.undelivered     the same in the class in which people settle it (a view) –
//	delivery.waiting         one record that was not due in the newest load       deliver
//	delivery.source_loads    one source, as the newest load saw it                deliver
//	delivery.marker          the load that posted last                            deliver
//	ops.runs                 one run of a command                                 job
//	ops.stages               one stage of a run                                   job
//	ops.sources              one source that ever ran, and how it is read         transform
//	ops.cardholders          the e-mail address of one holder of a card           transform
//	ops.checks               one thing a run proved, or failed to prove           extract, transform
//	ops.control_totals       one cell of a control total                          transform, snapshot, deliver
//	ops.received_totals      what balances in one source and currency (a view)    –
//	ops.month_status         one month of one source: final, or what is open (a view) –
//	ops.files                the last good copy of one of the user's files        transform
//	ops.vendor_names         the name under which one vendor was posted first     transform
//	ops.canonical_changes    one run that derived records again                   transform
//	ops.snapshots            one Parquet snapshot that became visible             snapshot
//	ops.published            the copy for analysts that was written last          snapshot
//	ops.slots                one moment at which a job was due                    schedule
//	ops.lease                the process that works on a lake                     warehouse
//	ops.workers              one process that worked on it                        warehouse
//	ops.notifications        what the webhook was told last                       monitor
//	ops.schema_versions      one schema step that was applied                     warehouse
package etl
