-- What the names of vendors are chosen from besides their spellings, and what
-- was chosen, as one text: equal texts, equal names. Null if a posted name may
-- have to be fixed.
with

unfixed as (

    select names.*

    from staging.vendor_names as names

    anti join ops.vendor_names as fixed
        on names.vendor_key = fixed.vendor_key

),

posted as (

    select 1 as one

    from unfixed

    inner join staging.records_combined as records
        using (vendor_raw, vendor_origin)

    inner join delivery.items as items
        on records.spend_id = items.spend_id
        and items.state = 'accepted'
        and items.kind != 'reversal'

),

hashes as (

    select 'alias ' || md5_number_upper(aliases::varchar) as hash
    from staging.vendor_aliases as aliases

    union all

    select 'fixed ' || md5_number_upper(fixed::varchar) as hash
    from ops.vendor_names as fixed

    union all

    select 'name ' || md5_number_upper(names::varchar) as hash
    from staging.vendor_names as names

)

select
    case
        when not exists (select * from posted)
            then coalesce(md5(string_agg(hash, ',' order by hash)), '')
    end as hash

from hashes
