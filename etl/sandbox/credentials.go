package sandbox

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// SecretMark is part of every secret and token of the sandbox, so that a test
// can search a program's output for it.
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

// issue creates a token for one API.
func (t *tokens) issue(api, scope string, life time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := fmt.Sprintf("%s-%s-access-%d", SecretMark, api, len(t.issued)+1)
	t.issued[name] = token{api, scope, t.now().Add(life)}
	return name
}

// check returns the token of an Authorization header, and whether it is valid.
func (t *tokens) check(api, header string) (token, bool) {
	name, bearer := strings.CutPrefix(header, "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.issued[name]
	return found, ok && bearer && found.api == api && t.now().Before(found.expires)
}

// revoke expires all tokens of an API.
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
