-- One run whose transform derived records again. As long as there is no newer
-- one, canonical.* holds what it held.
create table if not exists ops.canonical_changes (
    run_id varchar not null,
    changed_at timestamptz not null
)
