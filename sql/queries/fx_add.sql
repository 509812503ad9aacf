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

where line != ''
