-- Why a version is put into quarantine, `<reason>: <detail>`; null = it is not.
-- The payload of an object that is not to be taken apart is a JSON text.
alter table raw.records add column if not exists fault varchar
