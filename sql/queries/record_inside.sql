-- Of some transactions, those whose every datetime lies in the window, so that
-- the vendor lists them in it whichever of them it goes by.
with

latest as (

    select
        record_id,
        arg_max(payload, version) as payload

    from raw.records

    where source = $source
        and stream = $stream
        and record_id in (select unnest($record_ids))

    group by record_id

),

times as (

    select
        record_id,
        unnest([
            payload ->> 'transaction_datetime',
            payload ->> 'authorization_datetime',
            payload ->> 'allocation_datetime'
        ]) as written

    from latest

)

select record_id

from times

where written is not null

group by record_id

having bool_and(coalesce(
    instant(written) >= coalesce($window_from, '0001-01-01'::timestamptz)
    and instant(written) < coalesce($window_to, '9999-12-31'::timestamptz),
    false
))
