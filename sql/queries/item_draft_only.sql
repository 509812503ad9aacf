-- Leaves some records in the draft.
delete from item_draft
where spend_id not in (select unnest($spend_ids::varchar[]))
