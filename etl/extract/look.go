package extract

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// A look is a hash of an object's verbatim bytes, and of what is wrong with
// it: an object that looks as it did brings no news. It outlives the process,
// in journals and as raw.records.verbatim_hash. Zero is no look.
type look uint64

func lookOf(raw []byte, f *fault) look {
	sum := sha256.Sum256(raw)
	if f != nil {
		sum = sha256.Sum256([]byte(string(sum[:]) + f.Reason + ": " + f.Detail))
	}
	return look(max(1, binary.BigEndian.Uint64(sum[:])))
}

// MarshalText writes a look as journals have it.
func (l look) MarshalText() ([]byte, error) { return l.append(nil), nil }

func (l look) append(text []byte) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		text = append(text, digits[l>>shift&15])
	}
	return text
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *look) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*l = look(n)
	return err
}
