-- A currency's code in capitals. Null for mixed case: GBp is pence.
create or replace temp macro currency_code(text) as case
    when regexp_full_match(text, '[A-Z]{3}') then text
    when regexp_full_match(text, '[a-z]{3}') then upper(text)
end
