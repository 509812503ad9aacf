-- What a load leaves as it is, in records and money.
select
    class,
    state,
    source,
    coalesce(currency, standing_currency, '') as currency,
    count(*) as records,
    coalesce(sum(
        case
            when currency = standing_currency then amount - standing_amount
            else coalesce(amount, -standing_amount)
        end
    ), 0)::decimal(38, 4)::varchar as amount

from diff_states

where state in ('not_due', 'rejected', 'unknown', 'unsent_changes')

group by all

order by class, state, source, currency
