-- Offenders: records whose states do not add up to their amount in canonical,
-- and totals of a source and currency that do not.
with

sides as (

    select
        spend.source,
        spend.currency,
        spend.spend_id,
        spend.amount as canonical,
        0 as ledger

    from canonical.spend as spend

    semi join diff_rest as rest
        on spend.spend_id = rest.spend_id

    union all by name

    select source, currency, spend_id, 0 as canonical, amount as ledger
    from ledger_cells

    union all by name

    select
        source,
        currency,
        'all records' as spend_id,
        sum(amount) as canonical,
        0 as ledger

    from canonical.spend

    group by source, currency

    union all by name

    select
        source,
        currency,
        'all records' as spend_id,
        0 as canonical,
        sum(amount) as ledger

    from (
        select source, currency, amount from diff_same
        union all by name
        select source, currency, amount from ledger_cells
    ) as cells

    group by source, currency

)

select
    concat(
        source, ' ', currency, ' ', spend_id,
        ': canonical ', sum(canonical), ', ledger ', sum(ledger)
    ) as offender

from sides

group by source, currency, spend_id

having sum(canonical) != sum(ledger)

order by spend_id = 'all records', source, currency, spend_id
