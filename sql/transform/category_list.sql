-- Categories by what was spent under them, in the reporting currency; last, the
-- spend that has none.
with

spelt as (

    select
        category,
        if(category is not null, category_raw, null) as spelling,
        count(*) as records,
        sum(amount_reporting) as amount,
        count_if(amount_reporting is null) as unpriced,
        max(occurred_on) as last_on,
        list(distinct source) as sources

    from canonical.spend

    group by category, spelling

)

select
    coalesce(category, '') as category,
    sum(spelt.records)::bigint as records,
    coalesce(sum(spelt.amount), 0)::decimal(38, 4)::varchar as amount,
    sum(spelt.unpriced)::bigint as unpriced,
    coalesce(bool_or(spelling != category), false) as mapped,
    max(spelt.last_on)::varchar as last_on,
    to_json(list_sort(list_distinct(flatten(
        list(spelt.sources)
    ))))::varchar as sources,
    to_json(coalesce(
        list(spelling order by spelt.records desc, spelling)
            filter (where spelling is not null),
        []
    ))::varchar as spellings

from spelt

group by spelt.category

order by
    spelt.category is null,
    coalesce(sum(spelt.amount), 0) desc,
    spelt.category
