-- The name that the user's file gives to a source's category: one row per
-- source and category that a line of the file matches. A line for the source
-- comes before one for every source, then a name before a pattern, then the
-- first line wins.
create or replace temp view int_categories_mapped as

with

received as (

    select distinct
        source,
        category_raw

    from staging.records_combined

    where category_raw is not null

),

named as (

    select
        *,
        category_key(category_raw) as category_key

    from received

),

lines as (

    select
        position,
        source,
        lower(match) as pattern,
        category_key(match) as category_key,
        category,
        contains(match, '*') as is_pattern

    from staging.setting_categories

    where decision = 'same'

),

decided as (

    select
        named.source,
        named.category_raw,
        arg_min(
            {'category': lines.category, 'position': lines.position},
            (lines.source is null, lines.is_pattern, lines.position)
        ) as line

    from named

    inner join lines
        on (lines.source is null or named.source = lines.source)
        and case
            when lines.is_pattern
                then named.category_key glob lines.pattern
                or lower(named.category_raw) glob lines.pattern
            else named.category_key = lines.category_key
        end

    group by named.source, named.category_raw

)

select
    source,
    category_raw,
    line.category,
    line.position

from decided
