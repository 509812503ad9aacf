select distinct
    file,
    bytes

from raw.pages

order by file
