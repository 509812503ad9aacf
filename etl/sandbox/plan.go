package sandbox

import (
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"sync"
)

// A plan decides which request meets which fault.
type plan struct {
	seed   uint64
	faults []Fault

	mu       sync.Mutex
	requests map[string]int
	pages    map[string]int
	running  map[string]int // faults by rate that hit in a row
	fired    map[string]int
}

func newPlan(seed uint64, faults []Fault) *plan {
	return &plan{
		seed: seed, faults: faults,
		requests: map[string]int{}, pages: map[string]int{}, running: map[string]int{}, fired: map[string]int{},
	}
}

// request counts one more request to an API and returns the fault it meets,
// or none.
func (p *plan) request(api string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[api]++
	return p.meets(api, p.requests[api], false)
}

// page counts one more page of a list and returns the change of data that
// follows it, or none.
func (p *plan) page(api string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[api]++
	return p.meets(api, p.pages[api], true)
}

func (p *plan) meets(api string, n int, drift bool) Fault {
	for i, f := range p.faults {
		if f.API != api && f.API != everyAPI || f.drifts() != drift || f.byContent() {
			continue
		}
		if f.Kind = p.decide(f, api, n, i); f.Kind != "" {
			p.fired[api+":"+f.Kind]++
			return f
		}
	}
	if !drift {
		p.running[api] = 0
	}
	return Fault{}
}

// decide returns the kind of fault that the ith fault of the plan is for the
// nth request, or nothing. A rate's outcome depends on the seed, the API and n,
// and on what hit the two requests before.
func (p *plan) decide(f Fault, api string, n, i int) string {
	r := p.chance(api, n, i)
	if f.Rate == 0 {
		if f.At > 0 && (n < f.At || n >= f.At+f.Times) {
			return ""
		}
		return f.choose(r)
	}
	if r.Float64()*100 >= f.Rate || p.running[api] == 2 {
		return ""
	}
	kind := f.choose(r)
	if kind == "401" && (p.running[api] > 0 || api != APIProcurify && api != APIProductiv) {
		return "" // final, where there is no other token to try
	}
	p.running[api]++
	return kind
}

func (p *plan) chance(api string, n, i int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(api))
	return rand.New(rand.NewPCG(p.seed^h.Sum64(), uint64(n)<<8|uint64(i)))
}

// choose settles a choice such as any.
func (f Fault) choose(r *rand.Rand) string {
	if kinds := choices[f.Kind]; kinds != nil {
		return kinds[r.IntN(len(kinds))]
	}
	return f.Kind
}

// firedCounts returns how often each fault hit, by API and kind.
func (p *plan) firedCounts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.fired)
}
