-- Sources whose every record could be read, and that may be wrong all the same:
-- a token without the right to view companies hides every vendor.
with

spend as (

    select
        source,
        count(*) as records,
        count_if(vendor_fallback) as fallbacks

    from canonical.spend

    where kind = 'productive'

    group by source

)

select
    source,
    'no vendor is visible; give the token''s user "View companies"' as warning

from spend

where records = fallbacks
    and records >= 20

order by source
