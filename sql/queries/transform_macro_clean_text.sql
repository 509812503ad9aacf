-- White space collapsed, control and other invisible characters out, null
-- where nothing that can be seen remains. Plain text, by far the most, is let
-- through by one look.
create or replace temp macro clean_text(text) as case
    when regexp_full_match(text, '[!-~]+( [!-~]+)*') then text
    when regexp_full_match(
        text, '[\p{Z}\p{C}\p{M}\s\x{115F}\x{1160}\x{3164}\x{FFA0}]*'
    ) then null
    else trim(regexp_replace(
        regexp_replace(
            text,
            '[^\P{Cc}\s]|[\p{Cf}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}'
            || '\x{3164}\x{FFA0}]',
            '',
            'g'
        ),
        '[\s\p{Z}]+', ' ', 'g'
    ))
end
