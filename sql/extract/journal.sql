-- raw.journals: how much of each journal is in the warehouse.

-- name: list
-- How much of each journal of a source has landed.
select
    journal,
    max(bytes) as bytes

from raw.journals

where source = $source

group by journal;

-- name: missing
-- Whether a source has pages of a version without journals.
select count(*) > 0 as is_missing

from (
    select 1 as one

    from raw.pages

    where source = $source
        and journal is null

    limit 1
);

-- name: add
insert into raw.journals (source, journal, bytes)
values ($source, $journal, $bytes);
