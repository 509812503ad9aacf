merge into staging.model_hashes as known

using (select $file::varchar as file, $hash::varchar as hash) as latest
    on known.file = latest.file

when matched then
    update set hash = latest.hash

when not matched then
    insert (file, hash)
    values (latest.file, latest.hash)
