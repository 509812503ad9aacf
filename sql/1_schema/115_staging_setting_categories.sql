-- One line of the user's file of categories.
create table if not exists staging.setting_categories (
    position integer not null,           -- in the file
    source varchar,                      -- null = every source
    match varchar not null,              -- a category, or a pattern with *
    category varchar not null,           -- as it is posted
    decision varchar not null            -- same, different
)
