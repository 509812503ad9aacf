select columns(*)::varchar from canonical.quarantine order by spend_id
