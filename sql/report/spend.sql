-- Spend by month, vendor and currency.

-- name: list
-- All spend in one row.
select
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count_if(amount_reporting is null) as unpriced,
    count(distinct vendor) as vendors,
    min(reporting_currency) as currency,
    min(occurred_on)::varchar as first_day,
    max(occurred_on)::varchar as last_day

from canonical.spend;

-- name: months
select
    date_trunc('month', occurred_on)::date as month,
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count_if(amount_reporting is null) as unpriced

from canonical.spend

group by month

order by month;

-- name: month_status
-- Which of the newest months are final, and what is open in the others. What
-- has no readable day comes first.
select
    coalesce(strftime(month, '%Y-%m'), '') as month,
    * exclude (month)

from ops.month_status

order by month desc nulls first, source

limit $limit;

-- name: vendors
-- The vendors that money went to, most first. Refunds count against them.
select
    vendor as name,
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count_if(amount_reporting is null) as unpriced

from canonical.spend

group by vendor

order by sum(amount_reporting) desc nulls last, vendor

limit $limit;

-- name: vendor_records
-- The newest records of those vendors.
with

vendors as (

    select vendor

    from canonical.spend

    group by vendor

    order by sum(amount_reporting) desc nulls last, vendor

    limit $limit

)

select
    vendor,
    spend_id,
    occurred_on::varchar as occurred_on,
    amount::varchar as amount,
    currency,
    coalesce(category, '') as category

from canonical.spend

where vendor in (select vendor from vendors)

qualify row_number() over (
    partition by vendor
    order by occurred_on desc, spend_id
) <= $each

order by vendor, occurred_on desc, spend_id;

-- name: vendor_months
-- What went to vendors from a day until before another, by month: those that
-- got most, then all others together, without a name.
with

priced as (

    select
        vendor,
        date_trunc('month', occurred_on)::date as month,
        amount_reporting

    from canonical.spend

    where occurred_on >= $from::date
        and occurred_on < $to::date
        and amount_reporting is not null

),

largest as (

    select
        vendor,
        sum(amount_reporting) as total

    from priced

    group by vendor

    order by total desc, vendor

    limit $limit

)

select
    coalesce(largest.vendor, '') as vendor,
    priced.month,
    sum(priced.amount_reporting)::decimal(38, 4)::varchar as amount

from priced

left join largest
    on priced.vendor = largest.vendor

group by largest.vendor, largest.total, priced.month

order by largest.total desc nulls last, largest.vendor, priced.month;

-- name: currencies
select
    currency as name,
    max(currency_exponent) as exponent,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as transacted,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count_if(amount_reporting is null) as unpriced

from canonical.spend

group by currency

order by sum(amount_reporting) desc nulls last, currency;

-- name: rates
select
    currency,
    fx_source,
    count(*) as records,
    min(fx_rate)::varchar as lowest,
    max(fx_rate)::varchar as highest,
    min(fx_date)::varchar as first_day,
    max(fx_date)::varchar as last_day,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

group by currency, reporting_currency, fx_source

order by currency, fx_source nulls last;

-- name: exponents
-- By how many decimals a source's amounts are shifted to be in major units.
select
    sources.source,
    currencies.currency,
    case
        when sources.kind = 'productive' then coalesce(
            json_extract_string(
                sources.minor_units,
                '$.' || currencies.currency
            )::integer,
            currencies.exponent
        )
        when sources.amount_unit = 'minor' then currencies.exponent
        else 0
    end as exponent

from ops.sources as sources

cross join staging.seed_currencies as currencies;

-- name: exponents_known
-- The list of currencies is a view that the first transform makes.
select count(*) > 0 as known

from duckdb_views()

where database_name = current_database()
    and schema_name = 'staging'
    and view_name = 'seed_currencies';

-- name: possible_duplicates
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

order by expenses.currency;
