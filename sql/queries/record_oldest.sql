-- The first day on which anything was spent, as far as is stored. Earlier ones
-- are quarantined.
select min(filed_on) as day

from raw.records

where source = $source
    and stream = $stream
    and filed_on >= '1970-01-01'::date
