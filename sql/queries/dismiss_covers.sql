-- What a person signs for: the difference as it was listed.
select
    count(*) as records,
    coalesce(to_json(list({
        'spend_id': spend_id, 'difference': difference,
        'class': class, 'state': state,
        'currency': currency, 'amount': amount::varchar
    })), '[]')::varchar as covers

from delivery.differences

where spend_id = $spend_id
    and not settled
    and (
        state = 'rejected'
        or class in ('changed', 'withdrawn', 'frozen')
        and state = 'unsent_changes'
    )
