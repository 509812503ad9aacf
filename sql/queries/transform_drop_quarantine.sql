-- Makes room for what is derived again.
delete from canonical.quarantine as records

using dirty_records as dirty

where records.source = dirty.source
    and records.stream = dirty.stream
    and records.record_id = dirty.record_id
