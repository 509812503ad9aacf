select distinct source from raw.pages order by source
