-- Legal forms of companies, in key spelling: 'G.m.b.H.' and 'Sp. z o.o.' lose
-- the dots between single letters first. One row per form; 'Pty Ltd' is two. A
-- form that is `glued` needs no space between it and the name.
create or replace view staging.seed_legal_forms as

with

groups (place, glued, forms) as (

    values
        ('after', false, '
            a s, ab, ab publ, ag, aps, as, asa, bhd, bv, bvba, co, company,
            corp, corporation, doo, e k, ehf, eirl, ek, eood, g m b h, gbr,
            ges m b h, ges mbh, gesmbh, gmbh, inc, incorporated, kft, kg,
            kgaa, kk, lda, limited, llc, llp, lp, ltd, ltda, mbh, nv, nyrt,
            ohg, ood, ou, oy, oyj, plc, pllc, private, pte, pty, pvt, rl,
            s a, s de rl, s de rl de cv, sa, sa de cv, sab, sab de cv,
            sapi de cv, sarl, sas, sasu, sca, scrl, sdn, se, sl, slu, snc,
            sp z o o, sp z oo, spa, spolka z oo, srl, sro, uab, ug, vof, zrt
        '),
        ('both', false, '
            ао, зао, ип, оао, ооо, пао, тов, тоо, 有, 株, 주
        '),
        ('both', true, '合同会社, 有限会社, 株式会社, 주식회사'),
        ('after', true, '有限公司, 有限責任公司, 有限责任公司, 股份有限公司')

)

select
    trim(unnest(string_split(replace(forms, chr(10), ' '), ','))) as form,
    place,
    glued

from groups
