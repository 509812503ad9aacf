-- A batch as it goes out, and its items as the sent file lists them.
with

items as (

    select *

    from delivery.items

    where ledger_no between $first_no and $last_no
        and batch_id = $batch_id

)

select
    '{"records":[' || string_agg(payload, ',' order by ordinal) || ']}' as body,
    to_json(list({
        'key': key, 'attempt': attempt, 'spend_id': spend_id, 'source': source,
        'page_id': page_id, 'record_version': record_version,
        'class': class, 'kind': kind,
        'content_hash': content_hash, 'currency': currency, 'version': version,
        'amount': amount::varchar, 'created_ms': created_ms,
        'occurred_on': occurred_on, 'ordinal': ordinal,
        'ledger_no': ledger_no
    } order by ordinal))::varchar as items

from items
