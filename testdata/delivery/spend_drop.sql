delete from canonical.spend
where spend_id = $spend_id
