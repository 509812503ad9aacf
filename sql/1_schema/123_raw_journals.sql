-- How far a job's journal is in raw.pages and raw.records. One row per
-- landing; the largest counts.
create table if not exists raw.journals (
    source varchar not null,
    journal varchar not null,            -- its file's name, without .jsonl
    bytes bigint not null                -- that have landed
)
