select count(*) as records from spend
