select count(*) = 0 as nothing_stored

from (
    select 1 as one

    from raw.records

    where source = $source

    limit 1
)
