-- One row of the user's type mapping. It replaces the row of seed_types with
-- the same kind and value, switched on or off.
create table if not exists staging.setting_types (
    kind varchar not null,
    value varchar not null,
    type varchar not null                -- expense, invoice
)
