select
    file || ' ' || message as kept

from raw.pages

where outcome = 'drift'

order by page_id
