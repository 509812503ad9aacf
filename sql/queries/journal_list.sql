-- How much of each journal of a source has landed.
select
    journal,
    max(bytes) as bytes

from raw.journals

where source = $source

group by journal
