-- One source whose records are in raw.records, and how to read them: from the
-- configuration, or from ops.sources once it has left the configuration.
create table if not exists staging.setting_sources (
    source varchar not null,
    kind varchar not null,               -- productive, procurify
    tenant varchar not null,
    amount_basis varchar not null,       -- productive: gross, net
    approved_only boolean not null,      -- productive
    -- procurify: major, minor; null = unknown
    amount_unit varchar,
    minor_units varchar not null         -- JSON, such as {"JPY": 2}
)
