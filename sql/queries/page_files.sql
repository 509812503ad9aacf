select distinct
    file,
    bytes

from raw.pages

where outcome != 'damaged'
    and file != ''

order by file
