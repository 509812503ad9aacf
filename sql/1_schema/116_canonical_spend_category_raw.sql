-- The category as the source names it; null where it names none. `category` is
-- the one that is posted.
alter table canonical.spend add column if not exists category_raw varchar
