-- Every amount in the reporting currency, one row per record that has an
-- amount and a currency. The same currency needs no rate; else the reference
-- rate of the day or the last one before it; else the vendor's own rate, if
-- it converts into the reporting currency. Without any: null, never a guess.
-- Only of records that are being derived.
create or replace temp view int_amounts_converted as

with

setting as (

    select
        setting_run.reporting_currency,
        currencies.unit

    from staging.setting_run

    inner join staging.seed_currencies as currencies
        on setting_run.reporting_currency = currencies.currency

),

records as (

    select
        spend_id,
        currency,
        amount,
        occurred_on,
        case setting.reporting_currency
            when currency_default then exchange_rate
            when currency_normalized then exchange_rate_normalized
        end as vendor_rate,
        setting.reporting_currency,
        setting.unit

    from staging.records_combined

    semi join dirty_slice
        using (source, stream, record_id)

    cross join setting

    where amount is not null
        and currency is not null
        and first_seen_at
        between getvariable('first_seen_from') and getvariable('first_seen_to')

),

-- Few rows: each currency has at most one per day.
days as (

    select distinct
        currency,
        reporting_currency,
        occurred_on

    from records

    where currency != reporting_currency
        and occurred_on is not null

),

reference_rates as (

    select
        days.currency,
        days.occurred_on,
        rates.rate,
        rates.valid_on

    from days

    asof inner join canonical.fx_rates as rates
        on days.currency = rates.currency
        and days.reporting_currency = rates.reporting_currency
        and days.occurred_on >= rates.valid_on

    -- No holiday lasts longer: after that, the file or the currency has ended.
    where days.occurred_on - rates.valid_on <= 10

),

rated as (

    select
        records.spend_id,
        records.amount,
        records.unit,
        case
            when records.currency = records.reporting_currency then 'same'
            when reference_rates.rate is not null then 'ecb'
            when records.vendor_rate > 0 then 'vendor'
        end as fx_source,
        case fx_source
            when 'same' then 1
            when 'ecb' then reference_rates.rate
            when 'vendor' then records.vendor_rate
        end::decimal(20, 12) as fx_rate,
        case fx_source
            when 'ecb' then reference_rates.valid_on
            else if(fx_source is null, null, records.occurred_on)
        end as fx_date

    from records

    left join reference_rates
        using (currency, occurred_on)

),

-- The product is exact; its remainder is what exceeds the unit.
multiplied as (

    select
        *,
        amount * fx_rate as product,
        product % unit as remainder,
        product - remainder as whole

    from rated

)

-- Half-even: to the nearest unit, ties to the even one.
select
    spend_id,
    fx_source,
    fx_rate,
    fx_date,
    try_cast(
        case
            when abs(remainder) * 2 > unit
                or abs(remainder) * 2 = unit
                and whole % (unit * 2) != 0
                then whole + if(product < 0, -unit, unit)
            else whole
        end as decimal(18, 4)
    ) as amount_reporting

from multiplied
