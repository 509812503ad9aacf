-- How an analyst's process reads the lake; the places are filled in by the test.
load '{extensions}/postgres_scanner.duckdb_extension';
load '{extensions}/ducklake.duckdb_extension';
attach '{location}' as lake (read_only);
