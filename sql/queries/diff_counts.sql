-- The diff in records.
with

held as (

    select distinct spend_id
    from item_draft
    where gate is not null

)

select
    diff.class,
    diff.refused,
    diff.action,
    held.spend_id is not null as held,
    count(*) as records

from diff

left join held
    on diff.spend_id = held.spend_id

group by all

order by all
