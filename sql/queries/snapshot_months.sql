-- What each month of the state holds, before anything of it is written. The
-- hash of a month is the sum over its rows, so it knows no order.
select
    date_trunc('month', spend.occurred_on)::date as month,
    count(*) as records,
    sum(md5_number_upper(spend_line(spend))::decimal(38, 0))::varchar
        as logical_hash

from canonical.spend as spend

group by month

order by month
