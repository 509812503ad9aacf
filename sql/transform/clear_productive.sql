-- Makes room for all objects of Productive.io to be typed again.

-- name: expenses
delete from staging.productive__expenses;

-- name: people
delete from staging.productive__people;

-- name: companies
delete from staging.productive__companies;

-- name: service_types
delete from staging.productive__service_types;
