-- Offenders: records of Productive.io with another amount than was sent, which
-- is an integer times the unit in which the source stores the currency, or with
-- another day: it knows no time of day.
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
    spend.source_currency,
    spend.occurred_on,
    spend.occurred_at

from canonical.spend as spend

left join staging.seed_currencies as currencies
    on spend.currency = currencies.currency

left join overrides
    on spend.source = overrides.source
    and spend.currency = overrides.currency

left join staging.seed_units as units
    on overrides.exponent = units.exponent

where spend.kind = 'productive'
    and (
        spend.currency != upper(spend.source_currency)
        or spend.amount != spend.source_amount
        * coalesce(units.unit, currencies.unit)
        or spend.occurred_on != (spend.occurred_at at time zone 'UTC')::date
    )
