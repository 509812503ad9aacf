-- Pairs of categories that are probably the same, those that would move most
-- spend first. 'meals and drinks' and 'meals & drinks' count as equal.
with

spellings as (

    select
        category as name,
        replace(category_key(category_raw), ' and ', ' ') as key,
        category_raw as spelling,
        count(*) as records,
        coalesce(sum(amount_reporting), 0)::decimal(38, 4) as amount

    from category_spend

    group by all

)

select
    pairs.name as category,
    pairs.spelling,
    pairs.amount::varchar as amount,
    pairs.records,
    pairs.into_name as into_category,
    pairs.into_spelling,
    pairs.into_amount::varchar as into_amount,
    pairs.into_records,
    pairs.similarity::varchar as similarity

from likely_pairs('spellings', $least) as pairs

-- A spelling that a line for one source has split was split on purpose.
where (
    category_key(pairs.spelling) != category_key(pairs.into_spelling)
    or pairs.spelling = pairs.name
    and pairs.into_spelling = pairs.into_name
)
and not exists (
    select 1
    from staging.setting_categories as rejected
    where rejected.decision = 'different'
        and (category_key(rejected.match), category_key(rejected.category)) in (
            (category_key(pairs.name), category_key(pairs.into_name)),
            (category_key(pairs.into_name), category_key(pairs.name))
        )
)

order by
    pairs.amount desc,
    pairs.similarity desc,
    pairs.name,
    pairs.into_name
