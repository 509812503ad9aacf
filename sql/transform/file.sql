-- ops.files: the user's files as they were last read.

-- name: list
-- The last good copies of the user's files.
select
    key,
    path,
    sha256,
    content,
    read_at

from ops.files;

-- name: keep
merge into ops.files

using (select $key as key) as configured
    on files.key = configured.key

when matched then
    update set
        path = $path,
        sha256 = $sha256,
        content = $content,
        read_at = $read_at::timestamptz

when not matched then
    insert (key, path, sha256, content, read_at)
    values (configured.key, $path, $sha256, $content, $read_at::timestamptz);

-- name: forget
delete from ops.files where key = $key;
