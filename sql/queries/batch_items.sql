-- The items between two ledger numbers as the sent files list them, without
-- their place in the batch, and as they go out.
select
    ledger_no,
    to_json({
        'key': key, 'attempt': attempt, 'spend_id': spend_id, 'source': source,
        'page_id': page_id, 'record_version': record_version,
        'class': class, 'kind': kind,
        'content_hash': content_hash, 'currency': currency, 'version': version,
        'amount': amount::varchar, 'created_ms': created_ms,
        'occurred_on': occurred_on
    })::varchar as item,
    payload

from delivery.planned_items

where ledger_no between $first_no and $last_no
    and batch_id is not null

order by ledger_no
