-- What the migration has read from the payloads, where it is not what they
-- say.
select key

from delivery.planned_items

where sent_amount != ledger_no + 0.5
    or key_hash != md5_number_upper(spend_id)
