-- Names of companies, and titles of earlier versions of expenses without one.
insert into spellings_elsewhere by name

with

payloads as (

    select
        *,
        from_json(payload, '{
            "attributes": {"name": "VARCHAR"},
            "relationships": {"vendor": {"data": {"id": "VARCHAR"}}}
        }') as found

    from pending_payloads

    where kind = 'productive'
        and (stream = 'companies' or stream = 'expenses' and not newest)

)

select
    page_id,
    ordinal,
    clean_text(found.attributes.name) as spelling,
    if(stream = 'companies', 'directory', 'title') as vendor_origin,
    seen_at

from payloads

where stream = 'companies'
    or found.relationships.vendor.data.id is null
