package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// answering is an app whose output nobody but the test reads.
func answering(stdin io.Reader, attended, json bool) (*app, *strings.Builder) {
	var out strings.Builder
	return &app{stdin: stdin, stdout: &out, attended: attended, json: json}, &out
}

func TestAProposalIsDoneOnlyOnceItIsAgreedTo(t *testing.T) {
	const shown = "It removes two files.\n"
	tests := map[string]struct {
		answer        string
		attended, yes bool
		json          bool
		done          bool
		want          string
	}{
		"yes on a terminal":       {"y\n", true, false, false, true, shown + "Remove them? [y/N] Removed.\n"},
		"the whole word":          {" YES \n", true, false, false, true, shown + "Remove them? [y/N] Removed.\n"},
		"no on a terminal":        {"n\n", true, false, false, false, shown + "Remove them? [y/N] Nothing is removed.\n"},
		"only the enter key":      {"\n", true, false, false, false, shown + "Remove them? [y/N] Nothing is removed.\n"},
		"something else":          {"yep\n", true, false, false, false, shown + "Remove them? [y/N] Nothing is removed.\n"},
		"the end of the input":    {"", true, false, false, false, shown + "Remove them? [y/N] \nNothing is removed.\n"},
		"no terminal":             {"y\n", false, false, false, false, shown + "Nothing is removed yet. Repeat with --yes.\n"},
		"no terminal, with --yes": {"", false, true, false, true, shown + "Removed.\n"},
		"a terminal and --yes":    {"", true, true, false, true, shown + "Removed.\n"},
		"JSON on a terminal":      {"y\n", true, false, true, false, "false\n"},
		"JSON with --yes":         {"", false, true, true, true, "true\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, out := answering(strings.NewReader(tt.answer), tt.attended, tt.json)
			done := false
			err := a.propose(t.Context(), proposal{
				preview:  func(w *screen) { fmt.Fprint(w, shown) },
				question: "Remove them?", undone: "Nothing is removed", repeat: "Repeat with --yes.", done: "Removed.",
				do:     func() error { done = true; return nil },
				result: func(done bool) any { return done },
			}, tt.yes)
			if err != nil || done != tt.done || out.String() != tt.want {
				t.Errorf("done: %v, error: %v, it says %q, want %q", done, err, out, tt.want)
			}
		})
	}
}

func TestAnInterruptedQuestionAgreesToNothing(t *testing.T) {
	stdin, keyboard := io.Pipe()
	defer keyboard.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	a, _ := answering(stdin, true, false)
	if agreed, err := a.ask(ctx, "Remove them?"); agreed || !errors.Is(err, context.Canceled) {
		t.Errorf("agreed: %v, error: %v", agreed, err)
	}
}
