select columns(*)::varchar from canonical.excluded order by spend_id
