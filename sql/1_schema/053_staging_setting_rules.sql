-- One exclusion rule of the user's rules file.
create table if not exists staging.setting_rules (
    line integer not null,               -- in the file; the first one decides
    source varchar,                      -- null = every source
    field varchar not null,              -- vendor, name, category …
    pattern varchar not null,            -- for ilike, escaped by \
    reason varchar not null
)
