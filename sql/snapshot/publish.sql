-- ops.published: what the published copy was made of, and how it is made.

-- name: last
-- The copy that was written last.
select
    shows,
    sha256,
    bytes

from ops.published;

-- name: views
-- Which of the analysts' views a lake has.
select coalesce(max(views), '') as views

from ops.published;

-- name: add
insert into ops.published (run_id, shows, sha256, bytes, published_at, views)
values (
    $run_id, $shows, $sha256, $bytes, $published_at, nullif($views, '')
);

-- name: attach
-- {location} is replaced by a quoted text: attach takes no parameters. The
-- storage is the oldest there is, so that every DuckDB from 0.10 on reads
-- the file.
attach {location} as published;

-- name: use
use published;

-- name: detach
detach published;
