-- Takes a record out of where transform puts what is not spend.
delete from canonical.excluded
where spend_id = $spend_id
