package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/go-envparse"

	"spendbridge/etl/plaintext"
)

// EnvFile is the name of a file with variables, beside the configuration, that
// need not exist. The environment comes before it.
const EnvFile = ".env"

// hashInside matches a line whose value the parser would cut off silently: at a #
// that is neither quoted nor behind a blank.
var hashInside = regexp.MustCompile(`^[^=]*=(?:#|(?:[^'"#]|'[^']*'|"(?:\\.|[^"\\])*")*(?:[^\s'"#]|'[^']*'|"(?:\\.|[^"\\])*")#)`)

// readEnv reads [EnvFile]. It never quotes a line, which may hold a secret; nor does
// it replace variables in one: a secret may have a $.
func (r *reader) readEnv() {
	fault := func(line int, message string) {
		r.faults = append(r.faults, fault{file: EnvFile, line: line, column: 1, message: message})
	}
	content, err := os.ReadFile(filepath.Join(r.folder, EnvFile))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		fault(0, "cannot be read: "+errors.Unwrap(err).Error()+"; make it a file that this user may read, or remove it")
		return
	}
	text, err := plaintext.Decode(content)
	var encoding *plaintext.EncodingError
	if errors.As(err, &encoding) {
		fault(encoding.Line, encoding.Problem+"; save the file as UTF-8")
		return
	}
	r.env = map[string]string{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		found, err := envparse.Parse(strings.NewReader(line))
		switch {
		case err != nil:
			fault(number, "is not NAME=value; put a value with blanks, quotes, # or \\ between single quotes, and all on one line")
		case hashInside.MatchString(line):
			fault(number, "has a # that would end the value; put the value between single quotes")
		}
		for name, value := range found {
			if _, twice := r.env[name]; twice {
				fault(number, "sets "+name+" again; remove one of the two")
			}
			r.env[name] = value
		}
	}
}
