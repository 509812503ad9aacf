package extract_test

import (
	"context"
	"flag"
	"iter"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

// Whatever is inserted, edited, deleted and restored between the requests of
// some runs, a quiet run ends in what the vendor knows, and never is a record
// marked as gone that was there all the time.
func TestAnyInterleavingEndsInTheVendorsState(t *testing.T) {
	if err := flag.Set("rapid.checks", strconv.Itoa(soak(1, 200))); err != nil {
		t.Fatal(err)
	}
	eachSource(t, func(t *testing.T, kind string) {
		rapid.Check(t, func(r *rapid.T) {
			o := sandbox.Options{Seed: 11, Expenses: 450, Transactions: 230, Plain: true, From: today.AddDate(0, 0, -8)}
			o.Productive.NoCursor = rapid.Bool().Draw(r, "by page numbers")
			s := newSubject(t, kind, o)
			defer s.db.Close()
			m := &meddler{subject: s, rapid: r, deleted: map[string]bool{}}
			for range rapid.IntRange(1, 2).Draw(r, "restless runs") {
				_, _ = s.extractor().Run(t.Context(), m.source()) // may end without a proof, or held
				m.wantNoneGoneThatStayed()
			}
			_, _ = s.extractor().Run(t.Context(), s.source) // may end held
			s.acceptVanished = true
			s.run()
			if kind == "procurify" {
				s.run() // there a tombstone takes two proven reads
			}
			m.wantNoneGoneThatStayed()
			fresh := s.anew()
			defer fresh.db.Close()
			fresh.run()
			if got, want := spend(s), spend(fresh); !slices.Equal(got, want) {
				r.Fatalf("%d living records, the vendor has %d, or they differ", len(got), len(want))
			}
		})
	})
}

// spend lists the living spend records with the hashes of what they hold.
func spend(s *subject) []string {
	s.Helper()
	lines, err := warehouse.Strings(s.Context(), s.db, "check/living.sql", warehouse.Args{
		"source": s.kind, "stream": s.source.About().Stream,
	})
	s.must(err)
	return lines
}

// A meddler is a source whose vendor changes between its requests.
type meddler struct {
	*subject
	rapid   *rapid.T
	deleted map[string]bool // ids that were deleted at some time
}

// source is the meddler as a source that can be asked for single records
// exactly if the vendor can.
func (m *meddler) source() extract.Source {
	if f, ok := m.subject.source.(finder); ok {
		return askedMeddler{m, f}
	}
	return m
}

type finder interface {
	Find(context.Context, string) (extract.Page, error)
}

type askedMeddler struct {
	*meddler
	finder
}

func (m *meddler) About() extract.About {
	about := m.subject.source.About()
	about.Parallel = 1 // one draw at a time
	return about
}

func (m *meddler) Count(ctx context.Context, q extract.Query) (int, error) {
	m.meddle()
	return m.subject.source.Count(ctx, q)
}

func (m *meddler) Pages(ctx context.Context, q extract.Query, after etl.Cursor) iter.Seq2[extract.Page, error] {
	return func(yield func(extract.Page, error) bool) {
		for page, err := range m.subject.source.Pages(ctx, q, after) {
			m.meddle()
			if !yield(page, err) {
				return
			}
		}
	}
}

// meddle changes the vendor's data, or does not.
func (m *meddler) meddle() {
	switch rapid.SampledFrom([]string{"rest", "rest", "insert", "edit", "delete", "restore", "swap"}).Draw(m.rapid, "change") {
	case "insert":
		m.insert(m.day())
	case "edit":
		m.edit(m.id())
	case "delete":
		m.drop(m.id())
	case "restore":
		m.restore(m.id())
	case "swap":
		m.drop(m.id())
		m.insert(m.day())
	}
}

func (m *meddler) day() int { return rapid.IntRange(0, 8).Draw(m.rapid, "days ago") }

func (m *meddler) id() int { return rapid.IntRange(1, 230).Draw(m.rapid, "id") }

func (m *meddler) drop(id int) {
	m.deleted[strconv.Itoa(id)] = true
	m.delete(id)
}

func (m *meddler) wantNoneGoneThatStayed() {
	m.Helper()
	gone, err := warehouse.Strings(m.Context(), m.db, "check/tombstones.sql", nil)
	m.must(err)
	for _, id := range gone {
		if !m.deleted[id] {
			m.rapid.Fatalf("record %s is marked as gone and was never deleted", id)
		}
	}
}
