select columns(*)::varchar from canonical.spend order by spend_id
