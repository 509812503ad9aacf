-- The refunds of a source with new transactions are derived again: their sign
-- is judged by all of them.
insert into dirty_records by name

select
    transactions.source,
    transactions.stream,
    transactions.record_id

from staging.procurify__transactions as transactions

semi join pending_versions as pending
    on transactions.source = pending.source
    and transactions.stream = pending.stream

anti join dirty_records as known
    on transactions.source = known.source
    and transactions.stream = known.stream
    and transactions.record_id = known.record_id

where transactions.status = 'refund'
