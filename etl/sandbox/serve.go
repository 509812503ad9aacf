package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// servers are the listeners of a sandbox that was started.
type servers struct {
	all  []*http.Server
	urls []string // Productive.io, Procurify, Productiv, elsewhere
	done sync.WaitGroup
}

// Start serves the vendors on loopback, each on its own port: addr and the
// three ports after it, or any free ones for port 0. It returns once all of
// them listen; ctx ending closes them, as [Sandbox.Close] does.
func (s *Sandbox) Start(ctx context.Context, addr string) error {
	host, first, err := loopback(addr)
	if err != nil {
		return err
	}
	s.servers = &servers{}
	for i, h := range []http.Handler{s.ProductiveHandler(), s.ProcurifyHandler(), s.ProductivHandler(), s.ElsewhereHandler()} {
		port := first + i
		if first == 0 {
			port = 0
		}
		if err := s.servers.add(ctx, net.JoinHostPort(host, strconv.Itoa(port)), h); err != nil {
			return errors.Join(fmt.Errorf("sandbox: %w", err), s.Close())
		}
	}
	context.AfterFunc(ctx, func() { s.Close() })
	return nil
}

func loopback(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("sandbox address %q: %w; write 127.0.0.1:0", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", 0, fmt.Errorf("sandbox address %q: not loopback; write 127.0.0.1:0", addr)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65_532 {
		return "", 0, fmt.Errorf("sandbox address %q: bad port; 0 takes any free one", addr)
	}
	return host, port, nil
}

func (s *servers) add(ctx context.Context, addr string, h http.Handler) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.all = append(s.all, server)
	s.urls = append(s.urls, "http://"+l.Addr().String())
	s.done.Go(func() { server.Serve(l) })
	return nil
}

// Close stops serving: it lets answers in progress finish for a second, then
// cuts them off. It returns when all is quiet.
func (s *Sandbox) Close() error {
	if s.servers == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.servers.all {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	s.servers.done.Wait()
	return nil
}

// url is the base of the nth listener, or a name that leads nowhere if the
// sandbox was not started.
func (s *Sandbox) url(n int) string {
	if s.servers == nil {
		return []string{
			"http://productive.invalid", "http://procurify.invalid", "http://productiv.invalid", "http://elsewhere.invalid",
		}[n]
	}
	return s.servers.urls[n]
}

// ProductiveURL is the base_url of a Productive.io source.
func (s *Sandbox) ProductiveURL() string { return s.url(0) + "/api/v2" }

// ProcurifyURL is the base_url of a Procurify source.
func (s *Sandbox) ProcurifyURL() string { return s.url(1) }

// ProductivURL is Productiv's base_url.
func (s *Sandbox) ProductivURL() string { return s.url(2) }

// ProductivTokenURL is Productiv's token_url.
func (s *Sandbox) ProductivTokenURL() string { return s.url(2) + "/oauth2/token" }

// AdminURL is where /_sandbox/ is.
func (s *Sandbox) AdminURL() string { return s.url(2) }

func (s *Sandbox) elsewhereURL() string { return s.url(3) }
