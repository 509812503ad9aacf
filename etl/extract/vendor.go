package extract

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"

	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

// Vendors are the kinds of sources.
var Vendors = []Vendor{productive, procurify}

// A Vendor is a kind of sources, and how to read them.
type Vendor struct {
	config.Kind

	// Budget limits the requests of a source that may send so many a second.
	Budget func(perSecond float64) []*rate.Limiter

	// Client makes the client of a source.
	Client func(config.Source, *httpretry.Client, fs.FS) (Source, error)
}

// Kinds returns what the configuration knows of vendors.
func Kinds(vendors []Vendor) []config.Kind {
	kinds := make([]config.Kind, len(vendors))
	for i, v := range vendors {
		kinds[i] = v.Kind
	}
	return kinds
}

// Open makes the client of a source, whose vendor is one of those given.
// schemas holds the JSON Schemas of what the vendors send.
func Open(vendors []Vendor, s config.Source, o httpretry.Options, schemas fs.FS) (Source, error) {
	for _, v := range vendors {
		if v.Name == s.Kind {
			o.Budget = v.Budget(s.MaxRequestsPerSecond)
			return v.Client(s, httpretry.New(o), schemas)
		}
	}
	return nil, fmt.Errorf("source %s is of no known kind: %s", s.Name, s.Kind)
}

// An Examiner is a client that can find out whether its source can be read.
type Examiner interface {
	Examine(context.Context) Examination
}

// An Examination is what a client found out.
type Examination struct {
	Header   http.Header    // of the vendor's last answer
	Err      error          // why the source cannot be read
	Mends    map[int]string // fixes of that, by HTTP status
	Findings etl.Findings
}
