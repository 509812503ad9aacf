-- What needs attention and no run has told yet: what was rejected, what the
-- policy does not post.
select
    class,
    coalesce(currency, '') as currency,
    count(*) as records,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (amount is null) as unreadable

from delivery.undelivered

where since_run_id = $run_id
    and needs_attention
    and class in ('changed', 'withdrawn', 'rejected', 'invalid')

group by class, currency

order by class, currency
