insert into ops.published (run_id, shows, sha256, bytes, published_at)
values ($run_id, $shows, $sha256, $bytes, $published_at)
