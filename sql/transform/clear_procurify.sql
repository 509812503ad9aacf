-- Makes room for all objects of Procurify to be typed again.

-- name: transactions
delete from staging.procurify__transactions;
