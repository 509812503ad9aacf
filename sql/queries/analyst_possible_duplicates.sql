-- Expenses that may have been paid by card as well, see the published view
-- possible_duplicates: each is counted once, however many cards match.
select
    expenses.currency,
    count(*) as records,
    sum(expenses.amount)::decimal(38, 4)::varchar as amount

from canonical.spend as expenses

where expenses.kind = 'productive'
    and exists (

        select 1

        from canonical.spend as cards

        where cards.kind = 'procurify'
            and cards.vendor_key = expenses.vendor_key
            and cards.currency = expenses.currency
            and cards.amount = expenses.amount
            and cards.occurred_on between expenses.occurred_on - interval 3 day
            and expenses.occurred_on + interval 3 day

    )

group by expenses.currency

order by expenses.currency
