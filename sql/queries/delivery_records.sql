select count(*) as records from canonical.spend
