-- One vendor in one month beside the month before, in the reporting currency:
-- also if it has spend in one of the two only. What has no rate is counted,
-- not guessed. The first month has nothing to compare it with.
create or replace view month_over_month as

with

months as (

    select
        date_trunc('month', occurred_on)::date as month,
        vendor_key,
        any_value(vendor) as vendor,
        any_value(reporting_currency) as reporting_currency,
        coalesce(sum(amount_reporting), 0) as amount,
        count(*) as records,
        count(*) - count(amount_reporting) as records_without_rate

    from canonical.spend

    group by month, vendor_key

),

sides as (

    select
        months.*,
        false as is_before

    from months

    union all by name

    select
        months.* replace ((month + interval 1 month)::date as month),
        true as is_before

    from months

)

select
    month,
    any_value(vendor) as vendor,
    coalesce(sum(amount) filter (is_before), 0) as before,
    coalesce(sum(amount) filter (not is_before), 0) as after,
    sum(if(is_before, -amount, amount)) as change,
    any_value(reporting_currency) as reporting_currency,
    coalesce(sum(records) filter (is_before), 0)::bigint as records_before,
    coalesce(sum(records) filter (not is_before), 0)::bigint
        as records_after,
    sum(records_without_rate)::bigint as records_without_rate,
    vendor_key

from sides

where month > (select min(months.month) from months)
    and month <= (select max(months.month) from months)

group by month, vendor_key
