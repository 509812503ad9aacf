-- What would be posted, by month; with $held what the gates hold of it. A
-- record whose currency changed counts in both, and so does one that changed
-- its month.
select
    draft.class,
    draft.source,
    draft.currency,
    strftime(draft.occurred_on, '%Y-%m') as month,
    count(distinct draft.spend_id) as records,
    sum(
        draft.amount - case
            when draft.kind = 'resend'
                and draft.currency = diff.standing_currency
                then diff.standing_amount
            else 0
        end
    )::varchar as amount

from item_draft as draft

inner join diff
    on draft.spend_id = diff.spend_id

where not $held::boolean
    or draft.gate is not null

group by all

order by draft.class, draft.source, draft.currency, month
