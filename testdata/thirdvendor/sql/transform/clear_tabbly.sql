-- Makes room for all objects of Tabbly to be typed again.
delete from staging.tabbly__claims
