-- Offenders: reporting amounts without a rate and its origin, or the reverse.
select
    spend_id,
    amount_reporting,
    fx_rate,
    fx_source

from canonical.spend

where (amount_reporting is null) != (fx_rate is null)
    or (fx_rate is null) != (fx_source is null)
    or fx_source = 'same' and amount_reporting != amount
