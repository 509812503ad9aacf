-- All that canonical says of one record, as JSON.
select to_json(spend)::varchar as record
from canonical.spend as spend
where spend.spend_id = $spend_id

union all

select to_json(excluded)::varchar as record
from canonical.excluded as excluded
where excluded.spend_id = $spend_id

union all

select to_json(quarantine)::varchar as record
from canonical.quarantine as quarantine
where quarantine.spend_id = $spend_id
