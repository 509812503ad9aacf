-- One row per record of the ledger that diff_same has not: the application
-- where it is at home, that is where its items count, the target that gets its
-- next item, and the target that has it although its source posts to another
-- application by now.
create or replace temp table diff_homes as

with

records as (

    select
        items.spend_id,
        any_value(spend.spend_id) is not null as is_spend,
        any_value(coalesce(spend.source, items.source)) as source,
        arg_max(items.target, items.ledger_no) as last_target,
        arg_max(
            {'target': items.target, 'application': items.application},
            items.ledger_no
        ) filter (items.state = 'accepted') as accepted,
        list(distinct items.application) filter (items.state = 'accepted')
            as applications

    from diff_others as items

    left join canonical.spend as spend
        on items.spend_id = spend.spend_id

    group by items.spend_id

),

kept as (

    select
        kept_records.spend_id,
        arg_max(
            {
                'target': kept_records.target,
                'application': targets.application,
                'address': targets.address
            },
            decisions.decided_at
        ) as place

    from delivery.kept_records as kept_records

    inner join delivery.decisions as decisions
        on kept_records.decision_id = decisions.decision_id

    left join delivery.targets as targets
        on kept_records.target = targets.target

    group by kept_records.spend_id

),

placed as (

    select
        records.*,
        configured,
        kept.place as kept,
        records.accepted is not null and not coalesce(
            list_contains(records.applications, configured.application), false
        ) as away

    from records

    left join diff_targets as configured
        on records.source = configured.source

    left join kept
        on records.spend_id = kept.spend_id

)

select
    spend_id,
    source,
    case
        when away and kept is not null then kept.application
        when away and not is_spend then accepted.application
        else coalesce(
            configured.application, accepted.application, last_target
        )
    end as application,
    case
        when away and kept is not null then kept.target
        when away and not is_spend then accepted.target
        else coalesce(configured.target, accepted.target, last_target)
    end as target,
    -- A record that is kept at an address which is not configured cannot be
    -- reached.
    case
        when away and configured.target is not null
            and coalesce(kept.address != $address, true) then accepted.target
    end as elsewhere

from placed
