-- raw.journals: how much of each journal is in the warehouse.

-- name: list
select
    journal,
    max(bytes) as bytes

from raw.journals

where source = $source

group by journal;

-- name: missing
-- Sources with pages from a version without journals.
select distinct source from raw.pages where journal is null order by source;

-- name: add
insert into raw.journals (source, journal, bytes)
values ($source, $journal, $bytes);
