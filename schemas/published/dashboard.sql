-- One page of spend for the newest month that was over when a record was read
-- last, in the reporting currency. Run it on the analysts' copy:
--
--     duckdb -readonly data/spend.duckdb < dashboard.sql
--
-- DuckDB from 1.1 on. The bars are pictures, all amounts are exact decimals.
set variable this_month = (
    select max(month)
    from spend
    where month < (select date_trunc('month', max(changed_at)::date) from spend)
);

-- Spend by month, with how far each is from being final.
with

months as (

    select
        month,
        count(*) as records,
        sum(amount_reporting) as amount,
        count(*) - count(amount_reporting) as records_without_rate

    from spend

    group by month

)

select
    strftime(months.month, '%Y-%m') as "Spend by month",
    months.amount,
    months.amount - lag(months.amount) over (order by months.month) as change,
    bar(months.amount, 0, max(months.amount) over (), 30) as picture,
    months.records,
    months.records_without_rate,
    (
        select if(bool_and(status = 'final'), 'final', 'still moving')
        from month_status
        where month_status.month = months.month
    ) as state

from months

order by months.month desc

limit 15;

-- What the month went to, beside the month before.
select
    category as "Categories",
    coalesce(sum(amount_reporting) filter (month < getvariable('this_month')), 0)
        as before,
    coalesce(sum(amount_reporting) filter (month = getvariable('this_month')), 0)
        as after,
    after - before as change,
    count(*) - count(amount_reporting) as records_without_rate

from spend

where month between getvariable('this_month') - interval 1 month
    and getvariable('this_month')

group by category

order by after desc, "Categories"

limit 10;

-- Which departments spent it. Not every source names one.
select
    coalesce(department, '(none named)') as "Departments",
    coalesce(sum(amount_reporting) filter (month < getvariable('this_month')), 0)
        as before,
    coalesce(sum(amount_reporting) filter (month = getvariable('this_month')), 0)
        as after,
    after - before as change,
    count(*) - count(amount_reporting) as records_without_rate

from spend

where month between getvariable('this_month') - interval 1 month
    and getvariable('this_month')

group by department

order by after desc, "Departments"

limit 10;

-- Who spent it.
select
    any_value(name) as "People",
    identifier,
    coalesce(sum(amount_reporting) filter (month < getvariable('this_month')), 0)
        as before,
    coalesce(sum(amount_reporting) filter (month = getvariable('this_month')), 0)
        as after,
    after - before as change

from spend

where month between getvariable('this_month') - interval 1 month
    and getvariable('this_month')

group by identifier

order by after desc, identifier

limit 10;

-- The vendors that moved most.
select
    vendor as "Top movers",
    before,
    after,
    change,
    records_without_rate

from month_over_month

where month = getvariable('this_month')

order by abs(change) desc, vendor

limit 10;

-- What keeps months from being final.
select
    strftime(month, '%Y-%m') as "Still open",
    source,
    drafts,
    holds,
    quarantined,
    vanished,
    last_read_at

from month_status

where status != 'final'

order by month desc nulls first, source;

-- What Productiv does not hold as it is here.
select
    class as "Not delivered",
    currency,
    count(*) as records,
    sum(amount) as amount,
    min(since) as since

from undelivered

group by class, currency

order by class, currency;
