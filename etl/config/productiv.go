package config

import "cmp"

// The shapes of a record: finance as the vendor's older page documents it, spend
// as on the newer one with signatureId (schemas/README.md, Productiv: the record).
const (
	SchemaFinance = "finance"
	SchemaSpend   = "spend"
)

// What happens to a record that changes after it was delivered.
const (
	OnChangeReport     = "report"     // it is listed
	OnChangeResend     = "resend"     // it is posted again under its key
	OnChangeCompensate = "compensate" // it is reversed and posted under a new key
)

// What happens to the first load of a source to a target.
const (
	FirstLoadHold = "hold" // it waits for an approval
	FirstLoadPost = "post" // it goes out; for a target on this machine only
)

// What happens to a batch whose outcome is unknown.
const (
	InDoubtHold   = "hold"   // it waits for a decision
	InDoubtResend = "resend" // the same body is posted again
)

// AppFor returns the application that a source's records go to, "" for none.
func (p Productiv) AppFor(source string) string {
	return cmp.Or(p.AppIDs[source], p.AppID)
}
