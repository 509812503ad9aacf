-- What a name refers to, with all its spellings, the largest category first: a
-- category; else one whose name differs only in capitals and punctuation; else
-- the one that has it as a spelling.
with

spellings as (

    select
        category,
        source,
        category_raw as spelling,
        position,
        count(*) as records

    from category_spend

    where $source::varchar is null
        or source = $source

    group by all

),

compared as (

    select
        *,
        case
            when category = $name then 1
            when category_key(category) = category_key($name) then 2
            when category_key(spelling) = category_key($name) then 3
        end as likeness

    from spellings

)

select
    category,
    spelling,
    category_key(spelling) as category_key,
    coalesce(position, 0) as position

from compared

where category in (
    select category
    from compared
    where likeness = (select min(likeness) from compared)
)

order by
    sum(records) over (partition by category) desc,
    category,
    records desc,
    spelling,
    source
