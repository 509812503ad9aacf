-- One line of the alias file: what a person decided about a vendor's name.
-- Written anew by every transform.
create table if not exists staging.vendor_aliases (
    position integer not null,           -- in the file; the first decides
    match varchar not null,              -- a name, a key, or a pattern with *
    vendor varchar not null,             -- canonical name, as it is posted
    decision varchar not null,           -- same, different = rejected
    who varchar,
    decided_on date
)
