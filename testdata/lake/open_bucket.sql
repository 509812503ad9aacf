-- What a reader of a lake in a bucket needs first.
load '{extensions}/httpfs.duckdb_extension';

create secret (
    type s3,
    key_id 'test',
    secret 'testsecret',
    region 'us-east-1',
    endpoint '{endpoint}',
    url_style 'path',
    use_ssl false
);
