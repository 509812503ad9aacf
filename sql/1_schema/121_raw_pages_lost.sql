-- Whether its file was missing or damaged when it was verified last; null = it
-- was not. Objects that were seen there last count as news.
alter table raw.pages add column if not exists lost boolean
