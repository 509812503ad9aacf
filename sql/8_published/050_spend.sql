create view spend as

select
    *,
    date_trunc('month', occurred_on)::date as month

from canonical.spend
