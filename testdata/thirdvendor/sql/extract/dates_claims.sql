-- How a claim of Tabbly is dated.

-- name: fields
create or replace temp macro record_fields(payload) as
    json_extract_string(payload, ['$.id', '$.type', '$.day']);

-- name: filed_on
create or replace temp macro filed_on(fields) as plain_date(fields[3]);

-- name: unsettled
create or replace temp macro is_unsettled(fields) as null::boolean;
