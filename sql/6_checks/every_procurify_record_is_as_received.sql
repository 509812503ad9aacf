-- Offenders: records of Procurify with another amount than was sent, in major
-- or in minor units, or with another day than their instant has in the
-- reporting time zone.
select
    spend.spend_id,
    spend.amount,
    spend.currency,
    spend.source_amount,
    spend.source_currency,
    spend.occurred_on,
    spend.occurred_at

from canonical.spend as spend

cross join staging.setting_run as settings

left join staging.seed_currencies as currencies
    on spend.currency = currencies.currency

where spend.kind = 'procurify'
    and (
        spend.currency != upper(spend.source_currency)
        or abs(spend.amount) != abs(spend.source_amount)
        and abs(spend.amount) != abs(spend.source_amount) * currencies.unit
        or spend.occurred_on != (
            spend.occurred_at at time zone settings.reporting_timezone
        )::date
    )
