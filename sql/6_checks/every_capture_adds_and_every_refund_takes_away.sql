-- Offenders: card transactions with the sign of the other kind.
select
    spend_id,
    rule,
    amount

from canonical.spend

where rule = 'capture' and amount <= 0
    or rule = 'refund' and amount >= 0
