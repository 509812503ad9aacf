-- Each load lists what its gates hold afresh.
delete from delivery.holds
