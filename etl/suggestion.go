package etl

// A Suggestion is a pair of vendors that are probably the same. Amounts are
// decimal text in the reporting currency.
type Suggestion struct {
	Vendor     string `json:"vendor"` // the one with less spend
	Spelling   string `json:"spelling"`
	Amount     string `json:"amount"`
	Records    int    `json:"records"`
	Into       string `json:"into_vendor"`
	IntoSpelt  string `json:"into_spelling"`
	IntoAmount string `json:"into_amount"`
	IntoCount  int    `json:"into_records"`
	Similarity string `json:"similarity"` // 0.000 … 1.000 = the same
}
