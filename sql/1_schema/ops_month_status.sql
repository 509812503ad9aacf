-- name: 157_month_status
-- One month of one source: when all its days were read last and proven, what
-- in it is still open, and whether it is final. It is final once it was read a
-- day after its end or later, so that it was over in every time zone, and
-- nothing in it is open. Records without a readable day have no month.
create or replace view ops.month_status as

with

windows as (

    select
        source,
        split_part(subject, '/', 1)::date as first_day,
        coalesce(
            nullif(split_part(subject, '/', 2), '..')::date,
            date '9999-12-31'
        ) as end_day,
        max(checked_at) as read_at,
        max(checked_at) filter (
            json_extract_string(detail, '$.purpose') = 'sweep'
        ) as swept_at

    from ops.checks

    where check_name = 'window_complete'
        and passed
        -- Other windows are of the days on which records were made.
        and json_extract_string(detail, '$.purpose')
        in ('window', 'backfill', 'sweep')

    group by source, subject

),

records as not materialized (

    select
        source,
        stream,
        record_id,
        occurred_on,
        changed_at,
        'spend' as state

    from canonical.spend

    union all by name

    select
        source,
        stream,
        record_id,
        occurred_on,
        changed_at,
        case
            when reason in ('draft', 'not_approved') then 'draft'
            when reason = 'hold' then 'hold'
        end as state

    from canonical.excluded

    union all by name

    select
        source,
        stream,
        record_id,
        occurred_on,
        changed_at,
        'quarantined' as state

    from canonical.quarantine

),

by_day as (

    select
        source,
        occurred_on,
        state,
        count(*) as records,
        max(changed_at) as changed_at

    from records

    group by source, occurred_on, state

),

vanished_by_month as (

    select
        records.source,
        date_trunc('month', records.occurred_on)::date as month,
        count(*) as vanished

    from records

    inner join raw.vanished as vanished
        on records.source = vanished.source
        and records.stream = vanished.stream
        and records.record_id = vanished.record_id

    where vanished.accepted_at is null

    group by records.source, date_trunc('month', records.occurred_on)

),

months as (

    select
        source,
        unnest(
            range(
                date_trunc('month', min(occurred_on)),
                date_trunc('month', max(occurred_on)) + interval 1 month,
                interval 1 month
            )
        )::date as month

    from by_day

    where occurred_on is not null

    group by source

),

days as (

    select
        source,
        month,
        unnest(range(month, month + interval 1 month, interval 1 day))::date
            as day

    from months

),

read_days as (

    select
        days.source,
        days.month,
        days.day,
        max(windows.read_at) as read_at,
        max(windows.swept_at) as swept_at

    from days

    left join windows
        on days.source = windows.source
        and days.day >= windows.first_day
        and days.day < windows.end_day

    group by days.source, days.month, days.day

),

read_months as (

    -- A month was read when the last of its days was.
    select
        source,
        month,
        if(count(*) = count(read_at), min(read_at), null) as last_read_at,
        if(count(*) = count(swept_at), min(swept_at), null) as last_sweep_at

    from read_days

    group by source, month

    union all by name

    select distinct
        source,
        null::date as month

    from by_day

    where occurred_on is null
        and state is not null

),

counted as (

    select
        read_months.source,
        read_months.month,
        any_value(read_months.last_read_at) as last_read_at,
        any_value(read_months.last_sweep_at) as last_sweep_at,
        max(by_day.changed_at) as last_change_at,
        sum(by_day.records) filter (by_day.state = 'spend') as records,
        sum(by_day.records) filter (by_day.state = 'draft') as drafts,
        -- No card network keeps a hold for longer than 31 days.
        sum(by_day.records) filter (
            by_day.state = 'hold'
            and (
                read_months.last_read_at is null
                or by_day.occurred_on + 31
                > (read_months.last_read_at at time zone 'UTC')::date
            )
        ) as holds,
        sum(by_day.records) filter (by_day.state = 'quarantined')
            as quarantined

    from read_months

    left join by_day
        on read_months.source = by_day.source
        and read_months.month
        is not distinct from date_trunc('month', by_day.occurred_on)::date

    group by read_months.source, read_months.month

),

whole as (

    select
        counted.month,
        counted.source,
        coalesce(counted.records, 0)::bigint as records,
        coalesce(counted.drafts, 0)::bigint as drafts,
        coalesce(counted.holds, 0)::bigint as holds,
        coalesce(counted.quarantined, 0)::bigint as quarantined,
        coalesce(vanished_by_month.vanished, 0)::bigint as vanished,
        counted.last_read_at,
        counted.last_sweep_at,
        counted.last_change_at

    from counted

    left join vanished_by_month
        on counted.source = vanished_by_month.source
        and counted.month is not distinct from vanished_by_month.month

)

select
    month,
    source,
    case
        when (last_read_at at time zone 'UTC')::date
            > (month + interval 1 month)::date
            and drafts + holds + quarantined + vanished = 0
            then 'final'
        else 'still moving'
    end as status,
    records,
    drafts,
    holds,
    quarantined,
    vanished,
    last_read_at,
    last_sweep_at,
    last_change_at

from whole;
