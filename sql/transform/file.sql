-- ops.files: the user's files as they were last read.

-- name: kept
-- The last good copy of one of the user's files.
select
    path,
    sha256,
    content,
    read_at

from ops.files

where key = $key;

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

-- name: cardholders
-- The files of e-mail addresses whose sources may have left the configuration.
select
    split_part(key, '.', 2) as source,
    content

from ops.files

where key like 'sources.%.cardholder_emails'

order by source;
