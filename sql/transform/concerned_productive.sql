-- Expenses that name an object with a new version are derived again.
insert into dirty_records by name

with

expenses as (

    select * from staging.productive__expenses

),

links as (

    select source, stream, record_id, 'people' as object, person_id as id
    from expenses

    union all

    select source, stream, record_id, 'people' as object, creator_id as id
    from expenses

    union all

    select source, stream, record_id, 'companies' as object, vendor_id as id
    from expenses

    union all

    select
        source,
        stream,
        record_id,
        'service_types' as object,
        service_type_id as id
    from expenses

)

select distinct
    links.source,
    links.stream,
    links.record_id

from links

semi join pending_versions as changed
    on links.source = changed.source
    and links.object = changed.stream
    and links.id = changed.record_id
    and changed.newest

anti join dirty_records as known
    using (source, stream, record_id)
