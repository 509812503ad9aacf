-- The control totals of a run: two identities, one row per source and currency.

-- name: runs
-- The two newest runs with control totals, up to the given one.
select distinct run_id

from ops.control_totals

where step = 'raw'
    and run_id <= $run_id

order by run_id desc

limit 2;

-- name: received
-- Records, then amounts: raw, canonical, excluded, quarantine, missing.
select
    source,
    currency,
    columns('_records$'),
    columns('_amount$')::varchar,
    balanced

from ops.received_totals

where run_id = $run_id

order by source, currency;

-- name: moved
-- Where spend differs from an earlier run: before, now, difference.
with

sides as (

    pivot (

        select
            source,
            currency,
            if(run_id = $run_id, 'now', 'before') as side,
            records,
            amount

        from ops.control_totals

        where run_id in ($run_id, $before)
            and step = 'canonical'
            and month is not null

    )

    on side in ('before', 'now')

    using
        coalesce(sum(records), 0)::bigint as records,
        coalesce(sum(amount), 0)::decimal(38, 4) as amount

    group by source, currency

)

select
    source,
    currency,
    columns('_records$'),
    now_records - before_records as moved_records,
    columns('_amount$')::varchar,
    (now_amount - before_amount)::varchar as moved_amount

from sides

where now_records != before_records
    or now_amount != before_amount

order by source, currency;
