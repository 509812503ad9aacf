// Package plaintext reads files that people wrote or exported with any editor,
// spreadsheet or system: configuration, tables, secrets. It returns UTF-8 with
// line feeds. It rejects whatever is ambiguous with an error that names the
// line and the fix; it never guesses an encoding.
package plaintext

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// An EncodingError says where text cannot be decoded.
type EncodingError struct {
	Line    int
	Problem string // such as "the byte 0xfc is not UTF-8"
}

func (e *EncodingError) Error() string {
	return fmt.Sprintf("line %d: %s; save it as UTF-8 (in a spreadsheet: CSV UTF-8)", e.Line, e.Problem)
}

// byteOrderMark begins texts that some editors save. It is not part of them.
const byteOrderMark = "\ufeff"

// Decode returns content without its byte order mark, each line ended by a
// line feed. UTF-16 is recognized by its mark. The error is an
// [*EncodingError]: bytes of an older encoding, such as Windows-1252, do not
// say which one it is.
func Decode(content []byte) (string, error) {
	var text string
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(content)
		if err != nil {
			return "", &EncodingError{1, "is not the UTF-16 that its first bytes announce"}
		}
		text = withLineFeeds(string(decoded))
		if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
			return "", &EncodingError{lineAt(text, i), "is not the UTF-16 that its first bytes announce"}
		}
	default:
		text = withLineFeeds(strings.TrimPrefix(string(content), byteOrderMark))
		if i := invalid(text); i >= 0 {
			return "", &EncodingError{lineAt(text, i), fmt.Sprintf("the byte 0x%02x is not UTF-8", text[i])}
		}
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return "", &EncodingError{lineAt(text, i), "holds a zero byte"}
	}
	return text, nil
}

// Value reads a text that is one value, such as a secret in a file of its own:
// trailing line breaks are not part of it.
func Value(content []byte) (string, error) {
	text, err := Decode(content)
	return strings.TrimRight(text, "\n"), err
}

func withLineFeeds(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// invalid returns the offset of the first byte that is not UTF-8, or -1.
func invalid(text string) int {
	for i, r := range text {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
			return i
		}
	}
	return -1
}

func lineAt(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }
