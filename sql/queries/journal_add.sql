insert into raw.journals (source, journal, bytes)
values ($source, $journal, $bytes)
