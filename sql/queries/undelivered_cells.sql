-- What Productiv does not hold as canonical has it, in records and money.
select
    class,
    state,
    coalesce(currency, '') as currency,
    count(*) as records,
    count(*) filter (reversed) as reversed,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (amount is null) as unreadable,
    min(since) as since,
    any_value(needs_attention) as needs_attention,
    settled

from delivery.undelivered

group by class, state, currency, settled

order by class, state, currency, settled
