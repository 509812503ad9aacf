-- How an expense of Productive.io is dated, and whether it may still become
-- spend.

-- name: fields
-- What is read of an object, its id and its stream first.
create or replace temp macro record_fields(payload) as json_extract_string(
    payload,
    [
        '$.id',
        '$.type',
        '$.attributes.date',
        '$.attributes.draft',
        '$.attributes.approved'
    ]
);

-- name: filed_on
create or replace temp macro filed_on(fields) as plain_date(fields[3]);

-- name: unsettled
create or replace temp macro is_unsettled(fields) as
    fields[4] = 'true' or fields[5] = 'false';
