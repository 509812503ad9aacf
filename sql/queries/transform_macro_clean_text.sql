-- White space collapsed, control characters out, null where nothing that can
-- be seen remains. Plain text, by far the most, is let through by one look.
create or replace temp macro clean_text(text) as case
    when regexp_full_match(text, '[!-~]+( [!-~]+)*') then text
    when regexp_full_match(text, '[\p{Z}\p{C}\s]*') then null
    else trim(regexp_replace(
        regexp_replace(text, '[\s\p{Z}]+', ' ', 'g'), '\p{Cc}+', '', 'g'
    ))
end
