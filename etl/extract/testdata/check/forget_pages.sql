delete from raw.pages
