-- Fixes the names that were posted and accepted: canonical's as it stands.
insert into ops.vendor_names by name

with

named as (

    select
        records.spend_id,
        names.vendor_key,
        names.vendor,
        names.vendor_raw,
        names.vendor_origin

    from staging.vendor_names as names

    anti join ops.vendor_names as fixed
        on names.vendor_key = fixed.vendor_key

    inner join staging.records_combined as records
        on names.vendor_raw = records.vendor_raw
        and names.vendor_origin = records.vendor_origin

)

select
    named.vendor_key,
    any_value(named.vendor) as vendor,
    arg_min(named.vendor_raw, items.ledger_no) as spelling,
    arg_min(named.vendor_origin, items.ledger_no) as vendor_origin,
    min(items.updated_at) as fixed_at

from named

inner join delivery.items as items
    on named.spend_id = items.spend_id
    and items.state = 'accepted'
    and items.kind != 'reversal'
    and (items.payload ->> '$.vendor') = trim(left(named.vendor, 255))

group by named.vendor_key
