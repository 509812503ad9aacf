-- Leaves one record in the draft.
delete from item_draft
where spend_id != $spend_id
