create or replace temp table vendors_keyed as

select * from int_vendors_keyed
