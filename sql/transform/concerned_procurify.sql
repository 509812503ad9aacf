-- The refunds of a source with new transactions are derived again: their sign
-- is judged by all of them.
insert into dirty_records by name

select
    transactions.source,
    transactions.stream,
    transactions.record_id

from staging.procurify__transactions as transactions

semi join pending_versions as pending
    using (source, stream)

anti join dirty_records as known
    using (source, stream, record_id)

where transactions.status = 'refund'
