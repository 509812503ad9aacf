-- What an approval covers, as its line of decisions.jsonl keeps it.
select
    coalesce(to_json(list({
        'target': target, 'key': key, 'spend_id': spend_id,
        'payload_hash': payload_hash, 'gate': gate, 'class': class,
        'kind': kind, 'currency': currency, 'amount': amount::varchar
    } order by target, key)), '[]')::varchar as covers

from delivery.holds
