-- ops.snapshots: one row per exported snapshot, and its files.

-- name: moment
-- When the state that a run's snapshot shows was read: as its transform began,
-- or that of the last run before it, for a run that only loaded.
select max(stages.started_at) as moment

from ops.runs as runs

inner join ops.stages as stages
    on stages.started_at <= coalesce(runs.finished_at, stages.started_at)

where runs.run_id = $run_id
    and stages.stage = 'transform'
    and stages.status in ('ok', 'needs_person');

-- name: month_status
-- Which months are final, and what is open in the others.
select
    coalesce(strftime(month, '%Y-%m'), '') as month,
    * exclude (month)

from ops.month_status

order by month, source;

-- name: engine
select version() as version;

-- name: sorted
-- What of the state has to be written, sorted, so that each month is one
-- stretch of it. $months lists their first days. The files have the columns of
-- the table, and in its order.
create temporary table snapshot_spend as

select *

from canonical.spend

where list_contains(
    $months::varchar[]::date[],
    date_trunc('month', occurred_on)::date
)

order by occurred_on, occurred_at, spend_id;

-- name: months
-- What each month of the state holds, before anything of it is written. The
-- hash of a month is the sum over its rows, so it knows no order.
select
    strftime(date_trunc('month', spend.occurred_on), '%Y-%m') as month,
    count(*) as records,
    sum(md5_number_upper(spend_line(spend))::decimal(38, 0))::varchar
        as logical_hash

from canonical.spend as spend

group by date_trunc('month', spend.occurred_on)

order by month;

-- name: line
-- One spend record as the text its logical hash is made of: every column in
-- the order of schemas/parquet/spend.json, joined by U+001F, a null as U+001E,
-- a timestamp as microseconds since 1970 in UTC, a decimal with all its
-- decimals. In other words: nothing that only this engine would print.
create temporary macro spend_line(spend) as
    concat_ws(
        chr(31),
        coalesce(spend.spend_id, chr(30)),
        coalesce(spend.source, chr(30)),
        coalesce(spend.kind, chr(30)),
        coalesce(spend.tenant, chr(30)),
        coalesce(spend.stream, chr(30)),
        coalesce(spend.record_id, chr(30)),
        coalesce(spend.record_version::varchar, chr(30)),
        coalesce(spend.page_id, chr(30)),
        coalesce(spend.currency, chr(30)),
        coalesce(spend.reporting_currency, chr(30)),
        coalesce(spend.fx_source, chr(30)),
        coalesce(spend.identifier, chr(30)),
        coalesce(spend.type, chr(30)),
        coalesce(spend.vendor, chr(30)),
        coalesce(spend.vendor_key, chr(30)),
        coalesce(spend.vendor_raw, chr(30)),
        coalesce(spend.vendor_rule, chr(30)),
        coalesce(spend.name, chr(30)),
        coalesce(spend.category, chr(30)),
        coalesce(spend.description, chr(30)),
        coalesce(spend.department, chr(30)),
        coalesce(spend.reconciliation_status, chr(30)),
        coalesce(spend.linked_authorization, chr(30)),
        coalesce(spend.source_currency, chr(30)),
        coalesce(spend.rule, chr(30)),
        coalesce(spend.amount::varchar, chr(30)),
        coalesce(spend.currency_exponent::varchar, chr(30)),
        coalesce(spend.amount_reporting::varchar, chr(30)),
        coalesce(spend.fx_rate::varchar, chr(30)),
        coalesce(spend.source_amount::varchar, chr(30)),
        coalesce(spend.vendor_fallback::varchar, chr(30)),
        coalesce(spend.reimbursable::varchar, chr(30)),
        coalesce(spend.occurred_on::varchar, chr(30)),
        coalesce(spend.fx_date::varchar, chr(30)),
        coalesce(spend.paid_on::varchar, chr(30)),
        coalesce(epoch_us(spend.occurred_at)::varchar, chr(30)),
        coalesce(epoch_us(spend.approved_at)::varchar, chr(30)),
        coalesce(epoch_us(spend.first_seen_at)::varchar, chr(30)),
        coalesce(epoch_us(spend.changed_at)::varchar, chr(30)),
        coalesce(spend.category_raw, chr(30))
    );

-- name: copy
-- One month as one file. The small row groups let a reader skip most of a
-- month when it asks for a day. Bloom filters are left out: no reader would
-- notice a damaged one while the file is proven. Not every reader reads v2.
-- $field_ids and $metadata are JSON objects.
copy (

    select *

    from snapshot_spend

    where occurred_on >= $month::date
        and occurred_on < $month::date + interval 1 month

    order by occurred_on, occurred_at, spend_id

) to $path (
    format parquet,
    parquet_version 'v1',
    compression zstd,
    row_group_size 30720,
    write_bloom_filter false,
    field_ids from_json($field_ids, json_structure($field_ids)),
    kv_metadata from_json($metadata, json_structure($metadata))
);

-- name: file_hash
-- The logical hash of a file as it is on disk, over all its columns.
select
    count(*) as records,
    coalesce(
        sum(md5_number_upper(spend_line(spend))::decimal(38, 0)),
        0
    )::varchar as logical_hash

from read_parquet($path, hive_partitioning = false) as spend;

-- name: cells
-- What the read-back of these months must find: the cells of canonical.spend,
-- from the table itself and not from what the files were written from.
select
    source,
    currency,
    type,
    date_trunc('month', occurred_on)::date::varchar as month,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount,
    sum(abs(amount))::decimal(38, 4)::varchar as abs_amount,
    sum(md5_number_upper(spend_id)::decimal(38, 0))::varchar as key_hash

from canonical.spend

where list_contains(
    $months::varchar[]::date[],
    date_trunc('month', occurred_on)::date
)

group by source, currency, type, month

order by month, source, currency, type;

-- name: add_totals
-- $cells is the JSON list of cells that the read-back of a snapshot found.
insert into ops.control_totals by name

select
    $run_id as run_id,
    'snapshot' as step,
    unnest(from_json($cells::varchar, '[{
        "source": "VARCHAR", "currency": "VARCHAR", "type": "VARCHAR",
        "month": "DATE", "records": "BIGINT", "amount": "DECIMAL(38, 4)",
        "abs_amount": "DECIMAL(38, 4)", "key_hash": "DECIMAL(38, 0)"
    }]'), recursive := true),
    $recorded_at as recorded_at;

-- name: add
insert into ops.snapshots (
    snapshot_id, run_id, path, rows, logical_hash, manifest, created_at
)
values (
    $snapshot_id, $run_id, $path, $rows, $logical_hash, $manifest, $created_at
);

-- name: confirm
-- Notes that the snapshot shows what canonical.spend holds now.
update ops.snapshots

set
    canonical_run_id = (
        select max(run_id)
        from ops.canonical_changes
    )

where snapshot_id = $snapshot_id;

-- name: recorded
-- Whether a snapshot is one of this warehouse's, and whether canonical.spend
-- was not touched since it was last seen to be what the snapshot shows.
select
    coalesce(bool_or(true), false) as recorded,
    coalesce(
        bool_or(
            canonical_run_id = (
                select max(run_id)
                from ops.canonical_changes
            )
        ),
        false
    ) as untouched

from ops.snapshots

where snapshot_id = $snapshot_id
    and pruned_at is null;

-- name: held
-- Snapshots whose load waits for an answer, a later run or a decision: what a
-- run posted from, or would post from, must stay. It is the newest up to the
-- run.
with

waiting as (

    select run_id

    from delivery.batches

    where state in ('sending', 'pending', 'unknown')

    union

    select run_id

    from delivery.holds

)

select max(snapshots.snapshot_id) as snapshot_id

from waiting

inner join ops.snapshots as snapshots
    on waiting.run_id >= snapshots.snapshot_id

group by waiting.run_id;

-- name: of_run
-- The manifest of the snapshot that a run took, or found to show what it would
-- have taken: the newest one then.
select manifest::varchar as manifest

from ops.snapshots

where run_id = $run_id
    or run_id < $run_id
    and exists (
        select 1 as one
        from ops.stages
        where run_id = $run_id
            and stage = 'snapshot'
            and status = 'ok'
    )

order by run_id desc

limit 1;

-- name: pruned
select snapshot_id

from ops.snapshots

where pruned_at is not null;

-- name: set_pruned
update ops.snapshots

set pruned_at = $now

where snapshot_id = $snapshot_id
    and pruned_at is null;
