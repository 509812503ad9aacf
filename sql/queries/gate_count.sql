select
    count(*) as items,
    count(distinct spend_id) as records,
    coalesce(max(gate), '') as gate

from delivery.holds

where settlement_id is null
