-- What all spellings of one category have in common: no capitals, and one blank
-- for spaces, punctuation and underscores. Of nothing but those, it is the
-- category itself.
create or replace temp macro category_key(text) as coalesce(
    nullif(trim(regexp_replace(
        lower(nfc_normalize(text)), '[\p{P}\p{Z}\p{C}\s]+', ' ', 'g'
    )), ''),
    lower(trim(text))
)
