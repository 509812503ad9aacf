-- productive: quarantine, title.
alter table staging.setting_sources
add column if not exists hidden_vendor varchar
