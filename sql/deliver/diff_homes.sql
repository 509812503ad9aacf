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
        arg_max(items.target, items.ledger_no) filter (
            items.state = 'accepted'
        ) as accepted_target,
        arg_max(items.application, items.ledger_no) filter (
            items.state = 'accepted'
        ) as accepted_application

    from diff_others as items

    left join canonical.spend as spend
        on items.spend_id = spend.spend_id

    group by items.spend_id

),

present as (

    select distinct
        spend_id,
        application

    from diff_others

    where state = 'accepted'

),

kept as (

    select
        kept_records.spend_id,
        arg_max(kept_records.target, decisions.decided_at) as target

    from delivery.kept_records as kept_records

    inner join delivery.decisions as decisions
        on kept_records.decision_id = decisions.decision_id

    group by kept_records.spend_id

),

placed as (

    select
        records.*,
        configured.target as configured_target,
        configured.application as configured_application,
        kept.target as kept_target,
        kept_targets.application as kept_application,
        kept_targets.address as kept_address,
        present.spend_id is null and records.accepted_target is not null
            as away

    from records

    left join diff_targets as configured
        on records.source = configured.source

    left join present
        on records.spend_id = present.spend_id
        and configured.application = present.application

    left join kept
        on records.spend_id = kept.spend_id

    left join delivery.targets as kept_targets
        on kept.target = kept_targets.target

)

select
    spend_id,
    source,
    case
        when away and kept_target is not null then kept_application
        when away and not is_spend then accepted_application
        else coalesce(configured_application, accepted_application, last_target)
    end as application,
    case
        when away and kept_target is not null then kept_target
        when away and not is_spend then accepted_target
        else coalesce(configured_target, accepted_target, last_target)
    end as target,
    -- A record that is kept at an address which is not configured cannot be
    -- reached.
    case
        when away and configured_target is not null
            and coalesce(kept_address != $address, true) then accepted_target
    end as elsewhere

from placed
