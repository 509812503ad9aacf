package extract

// sights remembers how each included object looked last in a pass. They repeat
// on most pages, and splitting them again costs as much as the records
// themselves. A pass may turn out not to count, so no other one relies on it.
type sights map[sightKey]uint64 // → hash

type sightKey struct{ stream, id string }

// news returns the places, from 1, of the objects that are new or look
// different than when they were seen last.
func (s *sights) news(included []object) []int {
	if *s == nil {
		*s = sights{}
	}
	places := []int{}
	for i, o := range included {
		if o.fault != nil {
			continue // never landed
		}
		key := sightKey{o.stream, o.id}
		if hash, seen := (*s)[key]; !seen || hash != o.hash {
			(*s)[key] = o.hash
			places = append(places, i+1)
		}
	}
	return places
}
