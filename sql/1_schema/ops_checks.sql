-- name: 043_checks
-- One thing a run proved, or failed to prove.
create table if not exists ops.checks (
    run_id varchar not null,
    stage varchar not null,
    -- a file of 6_checks, window_complete, …
    check_name varchar not null,
    source varchar,
    -- such as the window 2026-01-01/2026-02-01
    subject varchar,
    passed boolean not null,
    expected varchar,
    actual varchar,
    detail varchar,                      -- JSON with what else is known
    checked_at timestamptz not null
);

-- name: 044_control_totals
-- One cell of a control total: what one step holds for one source, currency
-- and, where the step knows them, state, type and month.
create table if not exists ops.control_totals (
    run_id varchar not null,
    -- raw, canonical, excluded, quarantine, snapshot, ledger
    step varchar not null,
    source varchar not null,
    currency varchar not null,           -- '?' where it cannot be read
    -- ledger: delivered, unknown, held, rejected, pending, not_due,
    -- unsent_changes
    state varchar,
    type varchar,
    month date,                          -- its first day
    records bigint not null,
    -- in the source's own unit; Procurify: sum of absolute values
    source_amount decimal(38, 4),
    amount decimal(38, 4),               -- canonical, in major units
    abs_amount decimal(38, 4),
    -- sum(md5_number_upper(key)::decimal(38,0))
    key_hash decimal(38, 0) not null,
    recorded_at timestamptz not null
);

-- name: 150_received_totals
-- The first identity, one row per run, source and currency as received: raw =
-- canonical + excluded + quarantine, amounts in the source's own unit.
create or replace view ops.received_totals as

with

sides as (

    pivot (

        from ops.control_totals

        where step in ('raw', 'canonical', 'excluded', 'quarantine')
            and month is null

    )

    on step in ('raw', 'canonical', 'excluded', 'quarantine')

    using
        coalesce(sum(records), 0)::bigint as records,
        coalesce(sum(source_amount), 0)::decimal(38, 4) as amount,
        coalesce(sum(key_hash), 0) as hash

    group by run_id, source, currency

),

sums as (

    select
        *,
        raw_records - canonical_records - excluded_records
            - quarantine_records as missing_records,
        raw_amount - canonical_amount - excluded_amount - quarantine_amount
            as missing_amount,
        raw_hash - canonical_hash - excluded_hash - quarantine_hash
            as missing_hash

    from sides

)

select
    * exclude (missing_hash),
    missing_records = 0
        and missing_amount = 0
        and missing_hash = 0 as balanced

from sums;
