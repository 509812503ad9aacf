-- The last good copy of one of the user's files.
select
    path,
    sha256,
    content,
    read_at

from ops.files

where key = $key
