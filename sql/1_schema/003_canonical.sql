create schema if not exists canonical
