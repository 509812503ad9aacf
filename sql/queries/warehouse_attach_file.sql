-- {location} is replaced by a quoted text: attach takes no parameters.
-- The small row groups keep memory in bounds while long payloads are written.
attach if not exists {location} as warehouse (
    storage_version 'v1.4.0',
    row_group_size 30720
)
