// Package schemas embeds what data must look like: the JSON Schemas of vendor
// payloads, of the Productiv record and of what commands print, and the contract
// of the Parquet files.
package schemas

import "embed"

// FS holds every schema under its path, such as "parquet/spend.json".
//
//go:embed */*.json
var FS embed.FS
