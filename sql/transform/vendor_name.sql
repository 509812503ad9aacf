-- ops.vendor_names and staging.vendor_names: which name each spelling has.

-- name: keyed
create or replace temp table vendors_keyed as

select * from int_vendors_keyed;

-- name: save
insert into staging.vendor_names by name

select * from vendors_keyed;

-- name: approve
-- A person's decision changes the name that a vendor goes by.
update ops.vendor_names as names set
    vendor = keyed.vendor

from (

    select distinct
        vendor_key,
        vendor

    from vendors_keyed

    where vendor_rule = 'alias'

) as keyed

where names.vendor_key = keyed.vendor_key
    and names.vendor != keyed.vendor;

-- name: rekey
-- When keys change, a name stays with the spelling for which it was posted.
update ops.vendor_names as names set
    vendor_key = spellings.vendor_key

from staging.vendor_spellings as spellings

where names.spelling = spellings.spelling
    and names.vendor_origin = spellings.vendor_origin
    and names.vendor_key != spellings.vendor_key;

-- name: keep
-- Fixes the names of vendors whose first record was accepted.
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
        using (vendor_raw, vendor_origin)

),

accepted as (

    select
        any_value(named.vendor) as vendor,
        any_value(named.vendor_key) as vendor_key,
        arg_min(named.vendor_raw, items.ledger_no) as spelling,
        arg_min(named.vendor_origin, items.ledger_no) as vendor_origin,
        min(items.ledger_no) as ledger_no

    from named

    inner join delivery.items as items
        on named.spend_id = items.spend_id
        and items.state = 'accepted'
        and items.kind != 'reversal'

    group by named.vendor_key

)

select
    accepted.vendor_key,
    accepted.vendor,
    accepted.spelling,
    accepted.vendor_origin,
    items.updated_at as fixed_at

from accepted

inner join delivery.items as items
    on accepted.ledger_no = items.ledger_no
    and (items.payload ->> '$.vendor') = trim(left(accepted.vendor, 255));
