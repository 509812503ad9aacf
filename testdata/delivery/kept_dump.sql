select * from delivery.kept_records
order by spend_id
