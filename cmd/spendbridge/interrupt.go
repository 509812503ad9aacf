package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// onSignal calls interrupt at the first SIGINT, SIGTERM or SIGHUP, until stop
// is called. From the first SIGINT or SIGTERM on, another one ends the process
// at once, however soon it comes. A terminal that closes may send SIGHUP more
// than once, so that never does. A signal that was ignored when the program
// started, as by nohup, stays ignored.
func onSignal(interrupt func()) (stop func()) {
	signals, ended := make(chan os.Signal, 1), make(chan struct{})
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		for again := false; ; {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					signal.Reset(os.Interrupt, syscall.SIGTERM)
					if again { // it came before the reset
						syscall.Kill(os.Getpid(), s.(syscall.Signal))
					}
					again = true
				}
				interrupt()
			case <-ended:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(ended)
	}
}

var errUnread = errors.New("nobody reads the output to its end")

// onClosedPipe returns w, which calls interrupt once nobody reads what is
// written to it: SIGPIPE would end the process in the middle of a step.
func onClosedPipe(w io.Writer, interrupt func()) io.Writer {
	if isTerminal(w) {
		return w
	}
	signal.Ignore(syscall.SIGPIPE)
	return pipe{w, interrupt}
}

type pipe struct {
	io.Writer
	interrupt func()
}

func (p pipe) Write(text []byte) (int, error) {
	n, err := p.Writer.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		p.interrupt()
	}
	return n, err
}
