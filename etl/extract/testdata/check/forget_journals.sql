delete from raw.journals
