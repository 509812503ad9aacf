-- Where the vendor converted into the reporting currency too: how many
-- records of a currency, and the one whose rate is furthest from the
-- reference rate.
with

compared as (

    select
        spend.spend_id,
        spend.source,
        spend.currency,
        spend.fx_rate,
        spend.fx_date,
        case spend.reporting_currency
            when records.currency_default then records.exchange_rate
            when records.currency_normalized
                then records.exchange_rate_normalized
        end as vendor_rate

    from canonical.spend as spend

    inner join staging.records_combined as records
        on spend.spend_id = records.spend_id

    where spend.fx_source = 'ecb'

),

furthest as (

    select
        source,
        currency,
        count(*) as records,
        arg_max(
            {
                'spend_id': spend_id,
                'vendor_rate': vendor_rate,
                'fx_rate': fx_rate,
                'fx_date': fx_date
            },
            (abs(vendor_rate - fx_rate), spend_id)
        ) as record

    from compared

    where vendor_rate > 0

    group by source, currency

)

select
    source,
    currency,
    records,
    record.spend_id,
    record.vendor_rate::varchar as vendor_rate,
    record.fx_rate::varchar as fx_rate,
    record.fx_date::varchar as fx_date

from furthest

order by source, currency
