-- Two warehouses side by side.

-- name: save
-- Every record that was decided, with a digest of all its columns. One that is
-- in several places has the digest of all of them.
copy (
    select
        spend_id,
        md5(string_agg(
            place || ' ' || record::varchar, ' ' order by place, record
        )) as digest

    from canonical.placed_records

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
    ))::varchar as first

from compared;

-- name: record
-- The columns of one record that was decided, as JSON, and its place.
select
    place,
    record::varchar as record

from canonical.placed_records

where spend_id = $spend_id;
