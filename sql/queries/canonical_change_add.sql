-- Notes that this run derived records again, or is the first one to note it.
insert into ops.canonical_changes (run_id, changed_at)

select
    $run_id::varchar,
    $changed_at::timestamptz

where $full::boolean
    or exists (select 1 as one from dirty_records)
    or not exists (select 1 as one from ops.canonical_changes)
