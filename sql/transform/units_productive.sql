-- Currencies whose amounts are, in most records, at least five times off what
-- the vendor's own conversion says: it may store them with other decimals.
-- Amounts of a few minor units prove nothing: they were rounded.
with

stored as (

    select
        expenses.source,
        currencies.currency,
        expenses.currency_default,
        try(abs(
            expenses.unit_amount
            * coalesce(units.unit, currencies.unit)
            * expenses.exchange_rate
        )) as converted,
        try(abs(
            expenses.unit_amount_default
            * coalesce(default_units.unit, defaults.unit)
        )) as converted_by_vendor

    from staging.productive__expenses as expenses

    inner join staging.seed_currencies as currencies
        on currency_code(expenses.currency_text) = currencies.currency

    inner join staging.seed_currencies as defaults
        on expenses.currency_default = defaults.currency

    left join stored_units as units
        on expenses.source = units.source
        and currencies.currency = units.currency

    left join stored_units as default_units
        on expenses.source = default_units.source
        and defaults.currency = default_units.currency

    where currencies.currency != expenses.currency_default
        and expenses.unit_amount_default not between -9 and 9
        and expenses.exchange_rate > 0

)

select
    source,
    currency,
    currency_default,
    count(*) as records,
    count_if(
        converted > converted_by_vendor * 5
        or converted * 5 < converted_by_vendor
    ) as suspects

from stored

group by source, currency, currency_default

order by source, currency, currency_default
