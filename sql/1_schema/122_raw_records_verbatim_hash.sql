-- The first eight bytes of the sha256 of the object as the vendor wrote it
-- last, and of its fault: what looks the same need not be looked at. Null: not
-- known, of a version before.
alter table raw.records add column if not exists verbatim_hash ubigint
