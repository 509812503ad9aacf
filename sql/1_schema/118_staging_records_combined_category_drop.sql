-- It was the category as the source names it, which is category_raw now.
alter table staging.records_combined drop column if exists category
