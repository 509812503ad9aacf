create schema if not exists delivery
