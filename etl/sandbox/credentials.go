package sandbox

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// SecretMark is part of every secret and token of the sandbox, so that a test
// can search whatever a program writes for it.
const SecretMark = "sandbox-secret"

// The credentials that the vendors accept. Client ids are not secret.
const (
	ProductiveToken       = SecretMark + "-productive-token"
	ProcurifyClientID     = "sandbox-procurify-client"
	ProcurifyClientSecret = SecretMark + "-procurify-client"
	ProductivClientID     = "sandbox-productiv-client"
	ProductivClientSecret = SecretMark + "-productiv-client"
)

// tokens are the access tokens that were issued.
type tokens struct {
	now func() time.Time

	mu     sync.Mutex
	issued map[string]token
}

type token struct {
	api     string
	scope   string
	expires time.Time
}

func newTokens(now func() time.Time) *tokens { return &tokens{now: now, issued: map[string]token{}} }

// issue makes a token that is good for one API and a while.
func (t *tokens) issue(api, scope string, life time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := fmt.Sprintf("%s-%s-access-%d", SecretMark, api, len(t.issued)+1)
	t.issued[name] = token{api, scope, t.now().Add(life)}
	return name
}

// check looks at an Authorization header.
func (t *tokens) check(api, header string) (token, bool) {
	name, bearer := strings.CutPrefix(header, "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.issued[name]
	return found, ok && bearer && found.api == api && t.now().Before(found.expires)
}

// revoke ends every token of an API before its time.
func (t *tokens) revoke(api string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, found := range t.issued {
		if found.api == api {
			found.expires = time.Time{}
			t.issued[name] = found
		}
	}
}

// RevokeTokens expires all access tokens of APIProcurify or APIProductiv at
// once, in the middle of whatever uses them.
func (s *Sandbox) RevokeTokens(api string) { s.tokens.revoke(api) }
