-- The version of each object that is typed.
create or replace view staging.staged_versions as

select source, stream, record_id, version, first_seen_at
from staging.productive__expenses

union all by name

select source, stream, record_id, version, first_seen_at
from staging.procurify__transactions

union all by name

select source, stream, record_id, version
from staging.productive__people

union all by name

select source, stream, record_id, version
from staging.productive__companies

union all by name

select source, stream, record_id, version
from staging.productive__service_types
