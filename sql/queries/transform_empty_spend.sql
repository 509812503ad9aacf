delete from canonical.spend
