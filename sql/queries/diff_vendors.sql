-- The vendors with most records in what would be posted; with $held in what
-- the gates hold of it.
select
    spend.vendor,
    draft.currency,
    count(*) as records,
    sum(draft.amount)::varchar as amount

from item_draft as draft

inner join canonical.spend as spend
    on draft.spend_id = spend.spend_id

where not $held::boolean
    or draft.gate is not null

group by spend.vendor, draft.currency

order by sum(abs(draft.amount)) desc, spend.vendor, draft.currency

limit $most
