-- The reads of windows that a killed run has not finished.
select read_id

from raw.cursors

where source = $source
    and state in ('pending', 'reading')
    and read_id is not null
