-- Offenders: amounts that are not what the source sent, in major units: the
-- integer times the unit the source stores the currency with for
-- Productive.io, for Procurify the number itself or, as minor units, times
-- the unit.
with

overrides as (

    select
        source,
        override.key as currency,
        override.value as exponent

    from (
        select
            source,
            unnest(map_entries(from_json(
                minor_units, '"MAP(VARCHAR, INTEGER)"'
            ))) as override

        from ops.sources
    )

)

select
    spend.spend_id,
    spend.amount,
    spend.currency,
    spend.source_amount,
    spend.source_currency

from canonical.spend as spend

left join staging.seed_currencies as currencies
    on spend.currency = currencies.currency

left join overrides
    on spend.source = overrides.source
    and spend.currency = overrides.currency

left join staging.seed_units as units
    on overrides.exponent = units.exponent

where spend.currency != upper(spend.source_currency)
    or spend.kind = 'productive'
    and spend.amount != spend.source_amount
    * coalesce(units.unit, currencies.unit)
    or spend.kind = 'procurify'
    and abs(spend.amount) != abs(spend.source_amount)
    and abs(spend.amount) != abs(spend.source_amount) * currencies.unit
