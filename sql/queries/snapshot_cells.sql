-- What the read-back of these months must find: the cells of canonical.spend,
-- from the table itself and not from what the files were written from.
select
    source,
    currency,
    type,
    date_trunc('month', occurred_on)::date as month,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount,
    sum(abs(amount))::decimal(38, 4)::varchar as abs_amount,
    sum(md5_number_upper(spend_id)::decimal(38, 0))::varchar as key_hash

from canonical.spend

where list_contains(
    string_split($months, ',')::date[],
    date_trunc('month', occurred_on)::date
)

group by source, currency, type, month

order by month, source, currency, type
