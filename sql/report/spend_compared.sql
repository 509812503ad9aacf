-- Spend of one month beside that of the month before, in the reporting
-- currency: all of it, by vendor, category, department and person. Of vendors
-- those that moved most, of the rest the largest, as many as $limit. What has
-- no rate is counted, not guessed.
with

records as (

    select
        occurred_on >= $month::date as is_after,
        amount_reporting,
        unnest([
            {
                'dimension': 'all',
                'key': '',
                'name': ''
            },
            {
                'dimension': 'vendor',
                'key': vendor_key,
                'name': vendor
            },
            {
                'dimension': 'category',
                'key': coalesce(category, ''),
                'name': coalesce(category, '')
            },
            {
                'dimension': 'department',
                'key': coalesce(department, ''),
                'name': coalesce(department, '')
            },
            {
                'dimension': 'person',
                'key': identifier,
                'name': coalesce(name, identifier)
            }
        ], recursive := true)

    from canonical.spend

    where occurred_on >= $month::date - interval 1 month
        and occurred_on < $month::date + interval 1 month

),

sides as (

    select
        dimension,
        key,
        any_value(name) as name,
        coalesce(sum(amount_reporting) filter (not is_after), 0)
            ::decimal(38, 4) as before,
        coalesce(sum(amount_reporting) filter (is_after), 0)
            ::decimal(38, 4) as after,
        count(*) filter (is_after) as records,
        count(*) - count(amount_reporting) as unpriced

    from records

    group by dimension, key

)

select
    dimension,
    name,
    before::varchar as before,
    after::varchar as after,
    (after - before)::varchar as change,
    records,
    unpriced

from sides

qualify row_number() over (
    partition by dimension
    order by
        if(dimension = 'vendor', abs(after - before), after) desc,
        name,
        key
) <= $limit

order by
    dimension,
    if(dimension = 'vendor', abs(after - before), after) desc,
    name,
    key
