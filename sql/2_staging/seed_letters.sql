-- Letters that do not come apart into a plain letter and an accent, with what
-- a keyboard without them types instead. One row per lower-case letter.
create or replace view staging.seed_letters as

select *

from (
    values
        ('æ', 'ae'),
        ('œ', 'oe'),
        ('ø', 'o'),
        ('ß', 'ss'),
        ('ł', 'l'),
        ('đ', 'd'),
        ('ð', 'd'),
        ('þ', 'th'),
        ('ħ', 'h'),
        ('ŧ', 't'),
        ('ŋ', 'n'),
        ('ı', 'i'),
        ('ĸ', 'k'),
        ('ſ', 's'),
        ('ĳ', 'ij'),
        ('ŀ', 'l')
) as letters (letter, plain)
