-- By how many decimals a source's amounts are shifted to be in major units.
select
    sources.source,
    currencies.currency,
    case
        when sources.kind = 'productive' then coalesce(
            json_extract_string(
                sources.minor_units,
                '$.' || currencies.currency
            )::integer,
            currencies.exponent
        )
        when sources.amount_unit = 'minor' then currencies.exponent
        else 0
    end as exponent

from ops.sources as sources

cross join staging.seed_currencies as currencies
