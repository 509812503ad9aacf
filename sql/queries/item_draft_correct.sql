-- What a person booked by hand is a correction. Taking a record back stays a
-- reversal.
update item_draft
set kind = 'correction'
where kind != 'reversal'
