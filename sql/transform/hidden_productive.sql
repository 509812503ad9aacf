-- Expenses that link an object which no response ever contained, or contained
-- without its name: how many of those that link one, by source. If they are
-- most, and the settings do not expect it, a fix is suggested.
with

links as (

    select
        source,
        case
            when grouping(vendor_id) = 0 then 'vendor'
            when grouping(person_id) = 0 then 'person'
            else 'service_type'
        end as link,
        case link
            when 'vendor' then 'companies'
            when 'person' then 'people'
            else 'service_types'
        end as stream,
        coalesce(vendor_id, person_id, service_type_id) as id,
        count(*) as records

    from staging.productive__expenses

    where not tombstone

    group by
        grouping sets (
            (source, vendor_id),
            (source, person_id),
            (source, service_type_id)
        )

),

visible as (

    select source, stream, record_id
    from staging.productive__companies
    where name is not null

    union all

    select source, stream, record_id
    from staging.productive__people

    union all

    select source, stream, record_id
    from staging.productive__service_types

),

counted as (

    select
        links.source,
        links.link,
        links.link = 'vendor'
        and settings.hidden_vendor = 'title' as expected,
        sum(links.records)::bigint as records,
        coalesce(
            sum(links.records) filter (visible.record_id is null), 0
        )::bigint as hidden

    from links

    inner join ops.sources as settings
        on links.source = settings.source

    left join visible
        on links.source = visible.source
        and links.stream = visible.stream
        and links.id = visible.record_id

    where links.id is not null

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
