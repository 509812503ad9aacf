-- Offenders: amounts of nothing, or with more decimals than are printed.
select
    spend.spend_id,
    spend.amount,
    spend.currency,
    spend.currency_exponent

from canonical.spend as spend

left join staging.seed_currencies as currencies
    on spend.currency = currencies.currency
    and spend.currency_exponent = currencies.exponent

where currencies.currency is null
    or spend.amount = 0
    or spend.amount % currencies.unit != 0
