-- Any table. {table} is replaced by its name: no parameter may stand there.

-- name: clear
delete from {table};
