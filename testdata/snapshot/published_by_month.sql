-- The views by month that do not add up to spend, per currency.
with

views as (

    select
        'category' as view,
        currency,
        sum(records) as records,
        sum(amount) as amount,
        sum(records_without_rate) as records_without_rate

    from spend_by_category_month

    group by currency

    union all

    select
        'department' as view,
        currency,
        sum(records),
        sum(amount),
        sum(records_without_rate)

    from spend_by_department_month

    group by currency

    union all

    select
        'person' as view,
        currency,
        sum(records),
        sum(amount),
        sum(records_without_rate)

    from spend_by_person_month

    group by currency

),

spent as (

    select
        currency,
        count(*) as records,
        sum(amount) as amount,
        count_if(amount_reporting is null) as records_without_rate

    from spend

    group by currency

)

select
    views.view,
    spent.currency

from spent

cross join (values ('category'), ('department'), ('person')) as names (view)

left join views
    on spent.currency = views.currency
    and names.view = views.view
    and spent.records = views.records
    and spent.amount = views.amount
    and spent.records_without_rate = views.records_without_rate

where views.view is null
