-- Categories by what was spent under them, in the reporting currency; last, the
-- spend that has none.
with

spellings as (

    select
        category,
        category_raw as spelling,
        count(*) as records

    from canonical.spend

    where category is not null

    group by category, spelling

),

spelt as (

    select
        category,
        list(spelling order by records desc, spelling) as spellings,
        bool_or(spelling != category) as mapped

    from spellings

    group by category

),

spent as (

    select
        category,
        count(*) as records,
        coalesce(sum(amount_reporting), 0)::decimal(38, 4) as amount,
        count_if(amount_reporting is null) as unpriced,
        max(occurred_on) as last_on,
        list_sort(list_distinct(list(source))) as sources

    from canonical.spend

    group by category

)

select
    coalesce(spent.category, '') as category,
    spent.records,
    spent.amount::varchar as amount,
    spent.unpriced,
    coalesce(spelt.mapped, false) as mapped,
    spent.last_on::varchar as last_on,
    to_json(spent.sources)::varchar as sources,
    to_json(coalesce(spelt.spellings, []))::varchar as spellings

from spent

left join spelt
    on spent.category = spelt.category

order by
    spent.category is null,
    spent.amount desc,
    spent.category
