-- Fixes the names that the ledger says were accepted and that ops.vendor_names
-- does not know: the keys have changed since, the warehouse was rebuilt, or the
-- run that posted them was killed. A posted name counts only if its key is
-- still that of the record.
insert into ops.vendor_names by name

with

unfixed as (

    select
        records.spend_id,
        keyed.vendor_key,
        keyed.vendor_raw,
        keyed.vendor_origin

    from vendors_keyed as keyed

    anti join ops.vendor_names as fixed
        on keyed.vendor_key = fixed.vendor_key

    inner join staging.records_combined as records
        using (vendor_raw, vendor_origin)

),

posted as (

    select
        unfixed.vendor_key,
        unfixed.vendor_raw,
        unfixed.vendor_origin,
        unfixed.vendor_origin = 'descriptor' as descriptor,
        items.payload ->> '$.vendor' as name,
        items.ledger_no,
        items.updated_at

    from unfixed

    inner join delivery.items as items
        on unfixed.spend_id = items.spend_id
        and items.state = 'accepted'
        and items.kind != 'reversal'

),

posted_names as (

    select distinct
        name,
        descriptor

    from posted

)

select
    posted.vendor_key,
    arg_min(posted.name, posted.ledger_no) as vendor,
    arg_min(posted.vendor_raw, posted.ledger_no) as spelling,
    arg_min(posted.vendor_origin, posted.ledger_no) as vendor_origin,
    min(posted.updated_at) as fixed_at

from posted

inner join vendor_keys('posted_names') as keys
    using (name, descriptor)

left join staging.vendor_names as names
    on posted.vendor_raw = names.vendor_raw
    and posted.name = names.vendor
    and names.vendor_rule = 'alias'

where posted.vendor_key = keys.vendor_key
    or names.vendor_raw is not null

group by posted.vendor_key
