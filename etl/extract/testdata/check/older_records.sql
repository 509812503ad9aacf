-- As a version without journals has left its records.
update raw.records set verbatim_hash = null
