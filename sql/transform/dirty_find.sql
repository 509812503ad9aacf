-- The spend records to derive again: those with a new version, those that name
-- an object with a new version, the refunds of a source with new transactions,
-- whose sign is judged by all of them, and those dated too far ahead, which
-- become plausible with time.
create or replace temp table dirty_records as

with

changed as (

    select source, stream, record_id from pending_versions where newest

),

expenses as (

    select * from staging.productive__expenses

),

transactions as (

    select * from staging.procurify__transactions

),

people as (

    select source, record_id from changed where stream = 'people'

),

companies as (

    select source, record_id from changed where stream = 'companies'

),

service_types as (

    select source, record_id from changed where stream = 'service_types'

)

select source, stream, record_id
from changed
where stream in ('expenses', 'transactions')

union

select expenses.source, expenses.stream, expenses.record_id
from expenses
semi join people
    on expenses.source = people.source
    and expenses.person_id = people.record_id

union

select expenses.source, expenses.stream, expenses.record_id
from expenses
semi join people
    on expenses.source = people.source
    and expenses.creator_id = people.record_id

union

select expenses.source, expenses.stream, expenses.record_id
from expenses
semi join companies
    on expenses.source = companies.source
    and expenses.vendor_id = companies.record_id

union

select expenses.source, expenses.stream, expenses.record_id
from expenses
semi join service_types
    on expenses.source = service_types.source
    and expenses.service_type_id = service_types.record_id

union

select transactions.source, transactions.stream, transactions.record_id
from transactions
semi join changed
    on transactions.source = changed.source
    and changed.stream = 'transactions'
where transactions.status = 'refund'

union

select source, stream, record_id
from staging.records_combined
where quarantine_reason = 'date_implausible'
