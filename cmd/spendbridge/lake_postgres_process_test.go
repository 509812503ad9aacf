package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
)

// PostgreSQL goes away in the middle of a load, or only restarts, for the worker alone. It
// ends with an error that says so, and sends nothing more; the next run goes on.
func TestPostgreSQLOfALakeGoesInTheMiddle(t *testing.T) {
	for name, comesBack := range map[string]bool{"restarted": true, "unreachable": false} {
		t.Run(name, func(t *testing.T) {
			if comesBack && os.Getenv("SPENDBRIDGE_SOAK") == "" {
				t.Skip("in the long tests: make soak")
			}
			l := newSharedLake(t)
			way := newRelay(t, net.JoinHostPort(os.Getenv("PGHOST"), os.Getenv("PGPORT")))
			other := l.machine()
			l.config = strings.ReplaceAll(l.config, l.Location, fmt.Sprintf("%s host=%s port=%s", l.Location, way.host, way.port))
			one := l.machine()
			l.onPost(2, func(answer func()) {
				way.cut(comesBack)
				answer()
			})
			said := l.mustRun(1, one, "run")
			if !strings.Contains(said, "the lock of the lake is lost") {
				t.Errorf("it says: %s", said)
			}
			way.cut(true)
			l.mustRun(0, other, "run") // the answer was in the store
			l.delivered(0)
			l.mustRun(0, one, "run")
			l.delivered(0)
		})
	}
}

// A relay forwards connections to a server, until they are cut.
type relay struct {
	host, port string

	mu    sync.Mutex
	open  bool // to new connections
	conns []net.Conn
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	r := &relay{open: true}
	r.host, r.port, _ = net.SplitHostPort(listener.Addr().String())
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			r.forward(from, server)
		}
	}()
	return r
}

func (r *relay) forward(from net.Conn, server string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to, err := net.Dial("tcp", server)
	if err != nil || !r.open {
		from.Close()
		return
	}
	r.conns = append(r.conns, from, to)
	for _, ends := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			defer ends[1].Close()
			io.Copy(ends[1], ends[0])
		}()
	}
}

// cut closes all connections, and those that are opened later unless it stays open.
func (r *relay) cut(open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = open
	for _, conn := range r.conns {
		conn.Close()
	}
	r.conns = nil
}
