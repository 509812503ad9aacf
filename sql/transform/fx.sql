-- canonical.fx_rates: the reference rates, and comparisons with them.

-- name: add
insert into canonical.fx_rates (currency, reporting_currency, valid_on, rate)

with

lines as (

    select unnest(string_split(trim($lines, chr(10)), chr(10))) as line

)

select
    split_part(line, ' ', 2) as currency,
    $reporting_currency as reporting_currency,
    split_part(line, ' ', 1)::date as valid_on,
    split_part(line, ' ', 3)::decimal(20, 12) as rate

from lines

where line != '';

-- name: add_source
insert into canonical.fx_source (sha256, reporting_currency)
values ($sha256, $reporting_currency);

-- name: known
-- Whether the loaded rates come from this file and are for this currency.
select count(*) > 0 as known

from canonical.fx_source

where sha256 = $sha256
    and reporting_currency = $reporting_currency;

-- name: missing
-- What could not be converted, by source and currency.
select
    source,
    currency,
    reporting_currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

where amount_reporting is null

group by source, currency, reporting_currency

order by source, currency;

-- name: before
create or replace temp table rates_before as

select * from canonical.fx_rates;
