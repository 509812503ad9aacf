select
    key,
    record_schema,
    payload

from item_draft

where gate is null
