// Package sqlfiles embeds the SQL this program runs: models in folders with a
// number, statements in folders with the name of a Go package. README.md says how
// they are named.
package sqlfiles

import "embed"

// FS holds every SQL file under its path, such as "2_staging/….sql".
//
//go:embed */*.sql
var FS embed.FS
