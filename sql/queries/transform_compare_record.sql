-- One record that was decided: its columns as text, one row each.
with

decided as (

    select 'spend' as place, spend_id, to_json(spend) as decided
    from canonical.spend as spend

    union all

    select 'excluded' as place, spend_id, to_json(excluded) as decided
    from canonical.excluded as excluded

    union all

    select 'quarantine' as place, spend_id, to_json(quarantine) as decided
    from canonical.quarantine as quarantine

)

select
    place,
    decided::varchar as decided

from decided

where spend_id = $spend_id
