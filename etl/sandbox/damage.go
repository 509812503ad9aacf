package sandbox

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// early returns the answer that a fault gives in the vendor's place. It is not
// ok for faults that only damage the vendor's own answer.
func (s *Sandbox) early(api string, f Fault) (a answer, ok bool) {
	kind := strings.TrimSuffix(f.Kind, afterStore)
	switch kind {
	case "429", "429-server-time", "429-date", "429-bare", "429-long":
		return s.tooMany(api, kind), true
	case "5xx":
		return s.refusal(api, http.StatusServiceUnavailable, "Service unavailable"), true
	case "drop":
		return answer{send: nothing}, true
	case dropUnread:
		return answer{send: reset}, true
	case "401":
		if f.Rate == 0 {
			s.tokens.revoke(api) // what is refused once stays refused
		}
	case "redirect":
		return answer{status: http.StatusTemporaryRedirect}.with("Location", s.elsewhereURL()+"/redirected"), true
	case "html":
		return reply(http.StatusOK, "text/html; charset=utf-8", []byte(webPage)), true
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

// barred is the answer of a firewall, which speaks no vendor's language.
func barred() answer {
	return reply(http.StatusForbidden, "text/html; charset=utf-8", []byte(blockPage))
}

const blockPage = "<!doctype html><title>403 Forbidden</title><p>Blocked by the web application firewall. Incident 4711."

const webPage = "<!doctype html><title>Sign in</title><p>Your network asks you to sign in."

var refusals = map[int]string{
	400: "Bad request", 401: "Invalid access_token", 403: "access_token does not have the required scope",
	404: "Customer or application does not exist", 413: "Payload too large", 422: "Invalid payload",
	500: "Internal server error", 502: "Bad gateway", 503: "Service unavailable", 504: "Gateway timeout",
}

// refusal is an error in the words of one vendor.
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
	title := "Too many requests"
	if kind == "429-server-time" {
		title = "Server time limit exceeded"
	}
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

// damage spoils the vendor's own answer.
func (f Fault) damage(a answer, r *http.Request) answer {
	switch f.Kind {
	case "201":
		a.status = http.StatusCreated
	case "drop-mid-body":
		a.send = half
	case "slow":
		a.send = slowly
		a.takes, _ = f.slowness()
	case "truncated":
		a.body = a.body[:len(a.body)/2]
	case "gzip":
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			a = a.with("Content-Encoding", "gzip")
			a.body = compress(a.body)
		}
	}
	return a
}

// slowness is how long a slow body takes.
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

func compress(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body)
	z.Close()
	return b.Bytes()
}
