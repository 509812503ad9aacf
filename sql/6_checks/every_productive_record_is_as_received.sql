-- Offenders: records of Productive.io with another amount than was received,
-- which is an integer times the unit in which the source stores the currency,
-- or with another day: the vendor knows no time of day.
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
    using (currency)

left join stored_units as units
    using (source, currency)

where spend.kind = 'productive'
    and (
        spend.currency != upper(spend.source_currency)
        or spend.amount != spend.source_amount
        * coalesce(units.unit, currencies.unit)
        or spend.occurred_on != (spend.occurred_at at time zone 'UTC')::date
    )
