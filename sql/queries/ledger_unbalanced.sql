-- Offenders: records whose states do not add up to what canonical says.
with

sides as (

    select source, currency, spend_id, amount as canonical, 0 as ledger
    from canonical.spend

    union all by name

    select source, currency, spend_id, 0 as canonical, amount as ledger
    from ledger_cells

)

select
    source,
    currency,
    spend_id,
    sum(canonical)::varchar as canonical,
    sum(ledger)::varchar as ledger

from sides

group by source, currency, spend_id

having sum(canonical) != sum(ledger)

order by source, currency, spend_id
