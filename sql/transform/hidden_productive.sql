-- Expenses that link an object which no response ever contained, or contained
-- without its name: how many of those that link one, by source. If they are
-- most, and the settings do not expect it, a fix is suggested.
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

),

counted as (

    select
        links.source,
        links.link,
        links.link = 'vendor'
        and settings.hidden_vendor = 'title' as expected,
        count(*) as records,
        count_if(links.hidden) as hidden

    from links

    inner join ops.sources as settings
        on links.source = settings.source

    group by all

)

select
    source,
    concat(hidden, ' of ', records, ' expenses ', case
        when expected
            then 'link a vendor that is not visible and go by their title'
        when link = 'vendor'
            then 'link a vendor that is not visible and cannot become spend'
        when link = 'person'
            then 'link a person who is not visible and go by that person''s id'
        else 'link a service type that is not visible and have no category'
    end) as finding,
    case
        when hidden * 2 <= records or expected then null
        when link = 'vendor'
            then 'the token may not see companies; give its user "View '
                || 'companies", or set hidden_vendor: title'
        when link = 'person'
            then 'the token may not see people; give its user access to them'
        else 'the token may not see service types; give its user access to them'
    end as fix

from counted

where hidden > 0

order by source, link desc
