-- The currencies of ISO 4217 that money can be spent in, one row per code: the
-- current ones of list one with their funds codes (prices in CLF or UYW are
-- real prices), and the withdrawn ones of list three. List three gives no
-- minor units; those here are the ones the currency was last used with.
-- Not here, so never taken for spend: metals (XAU), bond units (XBA), units of
-- account of institutions (XDR, XSU, XUA, XFO, XFU), XRE, XTS and XXX.
-- `exponent` is the number of decimals, `unit` the smallest amount.
create or replace view staging.seed_currencies as

with

codes (exponent, historic, currencies) as (

    values
        (0, false, '
            BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF
            XPF
        '),
        (2, false, '
            AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV
            BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP
            CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
            GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
            KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
            MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
            PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
            STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU
            UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
        '),
        (3, false, 'BHD IQD JOD KWD LYD OMR TND'),
        (4, false, 'CLF UYW'),
        (0, true, 'ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE TPE TRL'),
        (2, true, '
            AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BEC BEL BGJ
            BGK BGL BGN BOP BRB BRC BRE BRN BRR BUK CHC CSD CSJ CSK CUC CYP
            DDM DEM ECS ECV EEK EQE ESA ESB FIM FRF GEK GHC GHP GNE GNS GQE
            GWE GWP HRD HRK IEP ILP ILR ISJ LAJ LSM LTL LTT LUC LUL LVL LVR
            MLF MRO MTL MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ RHD ROK
            ROL RUR SDD SDP SIT SKK SLL SRG STD SUR TJR TMM UAK UGS UGW USS
            UYN UYP VEB VEF VNC XEU YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC ZWD
            ZWL ZWN ZWR
        ')

)

select
    unnest(regexp_extract_all(codes.currencies, '[A-Z]+')) as currency,
    codes.exponent::integer as exponent,
    case codes.exponent
        when 0 then 1
        when 2 then 0.01
        when 3 then 0.001
        when 4 then 0.0001
    end::decimal(5, 4) as unit,
    codes.historic

from codes
