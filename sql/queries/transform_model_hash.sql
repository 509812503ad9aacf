select hash from staging.model_hashes where file = $file
