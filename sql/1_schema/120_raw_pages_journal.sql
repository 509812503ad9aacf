-- The journal that has its line. Null: it is of a version without journals.
-- A response that brought no news has a line only: its file is empty.
alter table raw.pages add column if not exists journal varchar
