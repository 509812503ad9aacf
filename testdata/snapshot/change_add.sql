-- A run whose transform derived records again.
insert into ops.canonical_changes (run_id, changed_at)
values ($run_id, '2026-02-01 00:00:00Z')
