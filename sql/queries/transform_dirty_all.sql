-- Every spend record is to be derived again.
create or replace temp table dirty_records as

select
    records.source,
    records.stream,
    records.record_id

from (
    select source, stream, record_id from staging.productive__expenses
    union all
    select source, stream, record_id from staging.procurify__transactions
) as records
