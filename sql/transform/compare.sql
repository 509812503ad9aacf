-- Two warehouses side by side.

-- name: records
-- Every record that was decided, with a digest of all its columns.
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
    spend_id,
    place,
    md5(decided::varchar) as digest

from decided

order by spend_id, place, digest;

-- name: record
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

where spend_id = $spend_id;
