-- name: 001_raw
create schema if not exists raw;

-- name: 002_staging
create schema if not exists staging;

-- name: 003_canonical
create schema if not exists canonical;

-- name: 004_delivery
create schema if not exists delivery;

-- name: 005_ops
create schema if not exists ops;
