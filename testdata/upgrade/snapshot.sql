-- What the newest snapshot shows, which is what canonical.spend holds.
select to_json(rows)::varchar as row

from read_parquet($files, hive_partitioning = false) as rows

order by rows.spend_id
