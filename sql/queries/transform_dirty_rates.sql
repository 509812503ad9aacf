-- Records of a currency from the first day on whose reference rate is another
-- than before.
insert into dirty_records by name

with

before as (

    select currency, reporting_currency, valid_on, rate from rates_before

),

after as (

    select currency, reporting_currency, valid_on, rate from canonical.fx_rates

),

changed as (

    select
        currency,
        min(valid_on) as valid_on

    from (
        (select * from before except select * from after)
        union all
        (select * from after except select * from before)
    )

    group by currency

)

select
    records.source,
    records.stream,
    records.record_id

from staging.records_combined as records

inner join changed
    on records.currency = changed.currency
    and records.occurred_on >= changed.valid_on

anti join dirty_records as known
    on records.source = known.source
    and records.stream = known.stream
    and records.record_id = known.record_id
