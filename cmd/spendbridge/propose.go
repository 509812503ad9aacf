package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

// A proposal is what a command does only once a person has agreed to what it
// shows of it.
type proposal struct {
	preview  func(io.Writer)
	question string // such as "Write it to vendors.csv?"
	undone   string // such as "Nothing is written", without a full stop
	repeat   string // how to do it where nobody can be asked
	do       func() error
	done     string
	result   func(done bool) any // the JSON document
}

// propose shows what a command would do and does it if yes says so, or if the
// person at the terminal does. Where nobody can be asked, showing it is all.
func (a *app) propose(ctx context.Context, p proposal, yes bool) error {
	if a.json {
		if yes {
			if err := p.do(); err != nil {
				return err
			}
		}
		return a.print(p.result(yes), nil)
	}
	a.tell(p.preview)
	last := p.undone + " yet. " + p.repeat
	if !yes && a.attended {
		agreed, err := a.ask(ctx, p.question)
		if err != nil {
			return err
		}
		yes, last = agreed, p.undone+"."
	}
	if yes {
		if err := p.do(); err != nil {
			return err
		}
		last = p.done
	}
	a.tell(func(w io.Writer) { fmt.Fprintln(w, last) })
	return nil
}

// ask puts a question to the person at the terminal. Only a yes agrees.
func (a *app) ask(ctx context.Context, question string) (bool, error) {
	a.tell(func(w io.Writer) { fmt.Fprintf(w, "%s [y/N] ", question) })
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1) // a terminal cannot be told to stop waiting
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		answered <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		a.tell(func(w io.Writer) { fmt.Fprintln(w) })
		return false, ctx.Err()
	case got := <-answered:
		if errors.Is(got.err, io.EOF) {
			a.tell(func(w io.Writer) { fmt.Fprintln(w) }) // no key has ended the line
		} else if got.err != nil {
			return false, fmt.Errorf("read the answer: %w", got.err)
		}
		word := strings.ToLower(strings.TrimSpace(got.line))
		return word == "y" || word == "yes", nil
	}
}

// yesFlag is how a script agrees to a proposal.
func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVar(yes, "yes", false, "do it without asking")
}

// attended reports whether a person at a terminal both sees a question and can
// answer it.
func attended(stdin io.Reader, stdout io.Writer) bool {
	f, ok := stdin.(*os.File)
	return ok && isatty.IsTerminal(f.Fd()) && isTerminal(stdout)
}
