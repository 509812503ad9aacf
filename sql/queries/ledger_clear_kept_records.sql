delete from delivery.kept_records
