-- The first day on which anything was spent, as far as is stored.
select min(filed_on) as day

from raw.records

where source = $source
    and stream = $stream
