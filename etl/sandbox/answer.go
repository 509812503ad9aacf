package sandbox

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An answer is a response that is not yet written. Handlers return it, so that
// a fault can damage any answer in the same way.
type answer struct {
	status int
	header http.Header
	body   []byte
	first  int // id of the first record, if this is a page of a list

	// send sends the answer in another way than whole.
	send func(a answer, w http.ResponseWriter, r *http.Request)
}

func reply(status int, media string, body []byte) answer {
	return answer{status: status, header: http.Header{"Content-Type": {media}}, body: body}
}

func replyJSON(status int, v any) answer { return reply(status, "application/json", encode(v)) }

// replyJSONAPI answers with a document as Productive.io does.
func replyJSONAPI(status int, document []byte) answer {
	return reply(status, "application/vnd.api+json; charset=utf-8", document)
}

func (a answer) with(name, value string) answer {
	if a.header = a.header.Clone(); a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// writeTo sends the answer. To drop the connection it panics with
// [http.ErrAbortHandler].
func (a answer) writeTo(w http.ResponseWriter, r *http.Request) {
	if a.send != nil {
		a.send(a, w, r)
		return
	}
	a.begin(w)
	w.Write(a.body)
}

func (a answer) begin(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
}

// drop closes the connection before the first byte.
func drop(answer, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hangUp resets the connection without reading the rest of the request, or drops
// it where there is no socket.
func hangUp(_ answer, w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}

// half closes the connection after half of the body.
func half(a answer, w http.ResponseWriter, _ *http.Request) {
	a.begin(w)
	w.Write(a.body[:len(a.body)/2])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// drip sends the body in ten pieces.
func (f Fault) drip(a answer, w http.ResponseWriter, r *http.Request) {
	const pieces = 10
	a.begin(w)
	takes, _ := f.slowness()
	for i := range pieces {
		if !pause(r, takes/pieces) {
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

// early returns the answer of a fault that replaces the vendor's answer, and
// false for a fault that only damages it.
func (s *Sandbox) early(api string, f Fault) (a answer, ok bool) {
	kind := strings.TrimSuffix(f.Kind, afterStore)
	switch kind {
	case "429", "429-server-time", "429-date", "429-bare", "429-long":
		return s.tooMany(api, kind), true
	case "5xx":
		return s.refusal(api, http.StatusServiceUnavailable, "Service unavailable"), true
	case "drop":
		return answer{send: drop}, true
	case dropUnread:
		return answer{send: hangUp}, true
	case "401":
		if f.Rate == 0 {
			s.tokens.revoke(api) // what is refused once stays refused
		}
	case "redirect":
		return answer{status: http.StatusTemporaryRedirect}.with("Location", s.elsewhereURL()+"/redirected"), true
	case "html":
		return webPage(http.StatusOK, "Sign in", "Your network asks you to sign in."), true
	case firewall:
		return barred(), true
	case "error-document":
		a := s.refusal(api, http.StatusInternalServerError, "Something went wrong")
		a.status = http.StatusOK
		return a, true
	case "no-success":
		return replyJSON(http.StatusOK, map[string]any{}), true
	}
	status, err := strconv.Atoi(kind)
	if err != nil || status < 400 {
		return answer{}, false
	}
	return s.refusal(api, status, refusals[status]), true
}

// barred is the answer of a firewall, in no vendor's format.
func barred() answer {
	return webPage(http.StatusForbidden, "403 Forbidden", "Blocked by the web application firewall. Incident 4711.")
}

func webPage(status int, title, text string) answer {
	return reply(status, "text/html; charset=utf-8", []byte("<!doctype html><title>"+title+"</title><p>"+text))
}

var refusals = map[int]string{
	400: "Bad request", 401: "Invalid access_token", 403: "access_token does not have the required scope",
	404: "Customer or application does not exist", 413: "Payload too large", 422: "Invalid payload",
	500: "Internal server error", 502: "Bad gateway", 503: "Service unavailable", 504: "Gateway timeout",
}

// refusal is an error in the format of one API.
func (s *Sandbox) refusal(api string, status int, message string) answer {
	switch api {
	case APIProductive:
		return s.productiveError(status, "", message, "")
	case APIProcurify:
		return procurifyError(status, message)
	case APIProductiv:
		return productivError(status, message)
	default:
		return replyJSON(status, map[string]any{"error": "temporarily_unavailable", "error_description": message})
	}
}

// tooMany is a 429. Only Productive.io documents a header: the seconds to wait.
func (s *Sandbox) tooMany(api, kind string) answer {
	title := choice(kind == "429-server-time", "Server time limit exceeded", "Too many requests")
	a := s.refusal(api, http.StatusTooManyRequests, title)
	name, wait := "Retry-After", "1"
	if api == APIProductive {
		name = "X-RateLimit-Reset"
		a = s.productiveLimit(title)
	}
	switch kind {
	case "429-bare":
		return a
	case "429-long":
		wait = "3600"
	case "429-date":
		name, wait = "Retry-After", s.opt.Now().Add(2*time.Second).UTC().Format(http.TimeFormat)
	}
	return a.with(name, wait)
}

// damage alters the vendor's answer.
func (f Fault) damage(a answer, r *http.Request) answer {
	switch f.Kind {
	case "201":
		a.status = http.StatusCreated
	case "drop-mid-body":
		a.send = half
	case "slow":
		a.send = f.drip
	case "truncated":
		a.body = a.body[:len(a.body)/2]
	case "gzip":
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write(a.body)
			z.Close()
			a = a.with("Content-Encoding", "gzip")
			a.body = b.Bytes()
		}
	}
	return a
}

// slowness returns how long a slow body takes.
func (f Fault) slowness() (time.Duration, error) {
	if f.Arg == "" {
		return time.Second, nil
	}
	d, err := time.ParseDuration(f.Arg)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("slow=%s: %q is not a time such as 500ms or 30s", f.Arg, f.Arg)
	}
	return d, nil
}
