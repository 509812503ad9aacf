-- What is kept out of spend now, by reason.
select
    'excluded' as place,
    reason,
    source,
    coalesce(source_currency, '?') as currency,
    count(*)::bigint as records,
    coalesce(sum(source_amount), 0)::decimal(38, 4)::varchar as source_amount

from canonical.excluded

group by reason, source, currency

union all by name

select
    'quarantined' as place,
    reason,
    source,
    coalesce(source_currency, '?') as currency,
    count(*)::bigint as records,
    coalesce(sum(source_amount), 0)::decimal(38, 4)::varchar as source_amount

from canonical.quarantine

group by reason, source, currency

order by place, reason, source, currency
