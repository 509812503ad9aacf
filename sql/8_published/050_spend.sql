-- In the order in which a person reads a line of it, not in that of Parquet.
create or replace view spend as

select
    occurred_on,
    vendor,
    amount,
    currency,
    category,
    department,
    name,
    identifier,
    description,
    type,
    amount_reporting,
    reporting_currency,
    date_trunc('month', occurred_on)::date as month,
    spend_id,
    source,
    kind,
    * exclude (
        occurred_on,
        vendor,
        amount,
        currency,
        category,
        department,
        name,
        identifier,
        description,
        type,
        amount_reporting,
        reporting_currency,
        spend_id,
        source,
        kind
    )

from canonical.spend
