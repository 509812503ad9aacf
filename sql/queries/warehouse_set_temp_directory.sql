set global temp_directory = $value
