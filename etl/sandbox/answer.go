package sandbox

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// An answer is what a handler wants to say. Handlers return it instead of
// writing it, so that a fault can damage any answer in the same way.
type answer struct {
	status int
	header http.Header
	body   []byte
	send   delivery
	takes  time.Duration // how long a slow body takes
	page   []int         // ids of the records, if this is a page of a list
}

// A delivery is how an answer travels.
type delivery int

const (
	whole   delivery = iota
	nothing          // the connection is closed before the first byte
	reset            // the same, without reading what the client still sends
	half             // and after half of the body
	slowly           // in pieces, with pauses between them
)

const (
	mediaJSON    = "application/json"
	mediaJSONAPI = "application/vnd.api+json; charset=utf-8"
)

func reply(status int, media string, body []byte) answer {
	return answer{status: status, header: http.Header{"Content-Type": {media}}, body: body}
}

// replyJSON answers with v as JSON.
func replyJSON(status int, v any) answer { return reply(status, mediaJSON, encode(v)) }

// with adds a header.
func (a answer) with(name, value string) answer {
	if a.header = a.header.Clone(); a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// writeTo sends the answer. A dropped connection ends the handler with
// [http.ErrAbortHandler], which net/http takes for exactly that.
func (a answer) writeTo(w http.ResponseWriter, r *http.Request) {
	switch a.send {
	case reset:
		hangUp(w)
		return
	case nothing:
		panic(http.ErrAbortHandler)
	}
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	switch a.send {
	case half:
		w.Write(a.body[:len(a.body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case slowly:
		a.drip(w, r)
	default:
		w.Write(a.body)
	}
}

// hangUp resets the connection, if it is one.
func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}

// drip writes the body in ten pieces.
func (a answer) drip(w http.ResponseWriter, r *http.Request) {
	const pieces = 10
	for i := range pieces {
		if !pause(r, a.takes/pieces) {
			return
		}
		w.Write(a.body[len(a.body)*i/pieces : len(a.body)*(i+1)/pieces])
		http.NewResponseController(w).Flush()
	}
}

// pause waits unless the client goes away.
func pause(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
