-- The second identity, one row per source and currency as transacted: spend =
-- what the snapshot holds = delivered + unknown + held + rejected + pending +
-- not_due + unsent_changes. The spend is that of the newest transform up to the
-- run.
with

sides as (

    pivot (

        select
            source,
            currency,
            coalesce(state, step) as part,
            records,
            amount

        from ops.control_totals

        where run_id = $run_id
            and step in ('snapshot', 'ledger')
            or step = 'canonical'
            and month is not null
            and run_id = (
                select max(run_id)
                from ops.control_totals
                where step = 'raw'
                    and run_id <= $run_id
            )

    )

    on part in (
        'canonical', 'snapshot', 'delivered', 'unknown', 'held', 'rejected',
        'pending', 'not_due', 'unsent_changes'
    )

    using
        coalesce(sum(records), 0)::bigint as records,
        coalesce(sum(amount), 0)::decimal(38, 4) as amount

    group by source, currency

),

sums as (

    select
        sides.*,
        canonical_records - delivered_records - unknown_records
            - held_records - rejected_records - pending_records
            - not_due_records - unsent_changes_records as missing_records,
        unknown_amount + held_amount + rejected_amount + pending_amount
            as waiting,
        canonical_amount - delivered_amount - waiting - not_due_amount
            - unsent_changes_amount as missing_amount

    from sides

),

steps as (

    select
        coalesce(bool_or(step = 'snapshot'), false) as has_snapshot,
        coalesce(bool_or(step = 'ledger'), false) as has_ledger

    from ops.control_totals

    where run_id = $run_id

)

select
    source,
    currency,
    columns('_records$'),
    columns('_amount$')::varchar,
    waiting::varchar as waiting,
    has_snapshot,
    has_ledger,
    (not has_snapshot
        or snapshot_records = canonical_records
        and snapshot_amount = canonical_amount)
        and (not has_ledger or missing_amount = 0) as balanced

from sums

cross join steps

order by source, currency
