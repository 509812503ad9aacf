-- Two warehouses side by side.

-- name: save
-- Every record that was decided, with a digest of all its columns. One that is
-- in several places has the digest of all of them.
copy (
    select
        spend_id,
        md5(string_agg(decided, ' ' order by decided)) as digest

    from (
        select spend_id, 'spend ' || to_json(spend)::varchar as decided
        from canonical.spend as spend

        union all

        select spend_id, 'excluded ' || to_json(excluded)::varchar as decided
        from canonical.excluded as excluded

        union all

        select spend_id, 'quarantine ' || to_json(records)::varchar as decided
        from canonical.quarantine as records
    )

    group by spend_id
) to $path (format parquet);

-- name: differing
-- How many records two saved warehouses have, how many differ, and the first of
-- those.
with

compared as (

    select
        spend_id,
        old.digest is distinct from rebuilt.digest as differs

    from read_parquet($old) as old

    full join read_parquet($rebuilt) as rebuilt
        using (spend_id)

)

select
    count(*) as records,
    count(*) filter (where differs) as differing,
    to_json(coalesce(
        list_slice(list_sort(list(spend_id) filter (where differs)), 1, $most),
        []
    ))::varchar as first_differing

from compared;

-- name: record
-- The columns of one record that was decided, as JSON, and its place.
select 'spend' as place, to_json(spend)::varchar as decided
from canonical.spend as spend
where spend_id = $spend_id

union all

select 'excluded' as place, to_json(excluded)::varchar as decided
from canonical.excluded as excluded
where spend_id = $spend_id

union all

select 'quarantine' as place, to_json(quarantine)::varchar as decided
from canonical.quarantine as quarantine
where spend_id = $spend_id;
