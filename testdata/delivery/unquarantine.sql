delete from canonical.quarantine
where spend_id = $spend_id
