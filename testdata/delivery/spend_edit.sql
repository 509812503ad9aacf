-- Edits every $nth record.
update canonical.spend
set amount = amount + 1
where (md5_number_upper(spend_id) % $nth) = 0
