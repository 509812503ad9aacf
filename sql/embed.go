// Package sqlfiles embeds the SQL this program runs. Folders with a number run
// in that order; files in queries run when Go code names them. A file holds
// one statement, and its path is its name in every error.
package sqlfiles

import "embed"

// FS holds every SQL file under its path, such as "2_staging/….sql".
//
//go:embed */*.sql
var FS embed.FS
