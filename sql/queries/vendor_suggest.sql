-- Pairs of vendors that may be one, by what the smaller of the two would take
-- along.
with

spellings as (

    select
        keyed.vendor as name,
        keyed.vendor_key as key,
        keyed.vendor_raw as spelling,
        count(*) as records,
        coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4) as amount

    from canonical.spend as spend

    inner join staging.records_combined as records
        on spend.spend_id = records.spend_id

    inner join int_vendors_keyed as keyed
        on records.vendor_raw = keyed.vendor_raw
        and records.vendor_origin = keyed.vendor_origin

    group by all

)

select
    pairs.name as vendor,
    pairs.spelling,
    pairs.amount::varchar as amount,
    pairs.records,
    pairs.into_name as into_vendor,
    pairs.into_spelling,
    pairs.into_amount::varchar as into_amount,
    pairs.into_records,
    pairs.similarity::varchar as similarity

from likely_pairs('spellings', $least) as pairs

where not exists (
    select 1
    from staging.vendor_aliases as rejected
    where rejected.decision = 'different'
        and (lower(rejected.match), lower(rejected.vendor)) in (
            (lower(pairs.name), lower(pairs.into_name)),
            (lower(pairs.into_name), lower(pairs.name))
        )
)

order by
    pairs.amount desc,
    pairs.similarity desc,
    pairs.name,
    pairs.into_name
