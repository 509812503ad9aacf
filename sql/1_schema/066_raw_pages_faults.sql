-- What is wrong with single objects of a page, as a JSON list: ordinal,
-- record_id, reason, detail, opaque. Null: nothing. An outcome may also be
-- `damaged`: the file could not be read before its records landed.
alter table raw.pages add column if not exists faults varchar
