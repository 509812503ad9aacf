-- A macro page_objects: the objects in page files, whose form is one of two.

-- name: list
-- The pages of a list.
create or replace temp macro page_objects(files, max_bytes) as table
select
    filename,
    coalesce(data, []) as data,
    coalesce(included, []) as included

from read_json(
    files,
    format = 'unstructured',
    compression = 'zstd',
    columns = {data: 'JSON[]', included: 'JSON[]'},
    filename = true,
    maximum_object_size = max_bytes
);

-- name: single
-- Pages that answer for a single record: their data are one object.
create or replace temp macro page_objects(files, max_bytes) as table
select
    filename,
    [data] as data,
    coalesce(included, []) as included

from read_json(
    files,
    format = 'unstructured',
    compression = 'zstd',
    columns = {data: 'JSON', included: 'JSON[]'},
    filename = true,
    maximum_object_size = max_bytes
);
