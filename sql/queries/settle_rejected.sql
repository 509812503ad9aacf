-- The batches that the refused items of some records were in.
select distinct coalesce(batch_id, '') as batch_id

from delivery.items

where spend_id in (select unnest($spend_ids::varchar[]))
    and state = 'rejected'
    and decision_id is null

order by batch_id
