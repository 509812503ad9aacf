package monitor

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
	"spendbridge/etl/warehouse"
)

// notifyTimeout bounds how long a run waits for the webhook at its end.
const notifyTimeout = 10 * time.Second

// Notify posts to the webhook when something goes wrong, when something else does,
// and when all is well again; not when nothing changed.
func Notify(ctx context.Context, s *job.Session, ended job.Ended) error {
	hook, state := s.Config.Notify.Webhook, ended.State
	if !hook.IsSet() || state.Status == "" {
		return nil
	}
	status, subject := etl.StatusOK, "" // until the first message all is well
	err := s.DB.Get(ctx, "monitor/notification.told", nil, &status, &subject)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err != nil || status == state.Status && subject == state.Subject() {
		return err
	}
	message := notification{Status: state.Status, Since: state.Since, Run: ended.Run, Needs: state.Todo, Report: ended.Report}
	if message.Sources, err = concerns(ctx, s, state); err != nil {
		return err
	}
	message.say(state.Verdict(), hook)
	if err := post(ctx, hook, s.Redact, message); err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, "monitor/notification.tell", warehouse.Args{
		"run_id": string(ended.Run), "status": state.Status, "subject": state.Subject(), "told_at": s.Now(),
	})
	return err
}

// NotifyOf posts that the data folder cannot be opened. There is then no place to
// note that it was told, so it is told every time.
func NotifyOf(ctx context.Context, c *config.Config, redact *etl.Redactor, fault error) error {
	if !c.Notify.Webhook.IsSet() {
		return nil
	}
	what := redact.Clean(fault.Error())
	message := notification{Status: etl.StatusFailed, Needs: []report.Todo{{What: what, Commands: []string{"spendbridge doctor"}}}}
	message.say("Something failed: "+what, c.Notify.Webhook)
	return post(ctx, c.Notify.Webhook, redact, message)
}

// post sends a message. Its errors never name the address, which is a secret.
func post(ctx context.Context, hook config.Secret, redact *etl.Redactor, message notification) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	body, _ = redact.Blot(body)
	ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.Reveal(), bytes.NewReader(body))
	if err != nil {
		return errors.New("notify.webhook: is not a URL; write one like https://example.com/path")
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) {
		return fmt.Errorf("notify.webhook: %w", redact.Error(failed.Err)) // it quotes an answer that is not HTTP
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("notify.webhook answered %d %s; the next run tries again", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return nil
}
