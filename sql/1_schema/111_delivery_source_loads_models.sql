-- Of the SQL that makes spend; null = of a version before this column.
alter table delivery.source_loads
add column models_hash varchar
