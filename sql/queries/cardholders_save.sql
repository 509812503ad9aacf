copy staging.setting_cardholders to $path (format parquet)
