-- Included objects of a run's pages that could not be read, each once.
with

faults as (

    select
        file,
        records,
        unnest(
            from_json(faults, '[{
                "ordinal": "INTEGER", "record_id": "VARCHAR",
                "reason": "VARCHAR", "detail": "VARCHAR"
            }]'),
            recursive := true
        )

    from raw.pages

    where run_id = $run_id
        and source = $source
        and faults is not null

)

select
    record_id,
    reason,
    detail,
    min(file) as file,
    arg_min(ordinal, file) as ordinal

from faults

where ordinal > records

group by record_id, reason, detail

order by record_id, reason, detail
