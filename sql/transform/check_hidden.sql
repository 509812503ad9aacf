-- Expenses that link an object which no response ever contained, or contained
-- without its name: how many of those that link one, by source.
with

expenses as (

    select *

    from staging.productive__expenses

    where not tombstone

),

links as (

    select
        expenses.source,
        'vendor' as link,
        companies.name is null as hidden

    from expenses

    left join staging.productive__companies as companies
        on expenses.source = companies.source
        and expenses.vendor_id = companies.record_id

    where expenses.vendor_id is not null

    union all

    select
        expenses.source,
        'person' as link,
        people.record_id is null as hidden

    from expenses

    left join staging.productive__people as people
        on expenses.source = people.source
        and expenses.person_id = people.record_id

    where expenses.person_id is not null

    union all

    select
        expenses.source,
        'service_type' as link,
        service_types.record_id is null as hidden

    from expenses

    left join staging.productive__service_types as service_types
        on expenses.source = service_types.source
        and expenses.service_type_id = service_types.record_id

    where expenses.service_type_id is not null

)

select
    links.source,
    links.link,
    settings.hidden_vendor,
    count(*) as records,
    count_if(links.hidden) as hidden

from links

inner join ops.sources as settings
    on links.source = settings.source

group by links.source, links.link, settings.hidden_vendor

having count_if(links.hidden) > 0

order by links.source, links.link desc
