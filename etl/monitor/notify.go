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

// A notification is what the webhook gets. Text says it all in one line, for
// chat services that show only that.
type notification struct {
	Text   string        `json:"text"`
	Status string        `json:"status"`
	Since  time.Time     `json:"since"`
	Run    etl.RunID     `json:"run_id"`
	Needs  []report.Todo `json:"needs"`
	Report string        `json:"report,omitempty"` // its path on the server
}

// Notify posts to the webhook when something goes wrong, when something else does,
// and when all is well again; not when nothing changed.
func Notify(ctx context.Context, s *job.Session, ended job.Ended) error {
	hook, state := s.Config.Notify.Webhook, ended.State
	if !hook.IsSet() || state.Status == "" {
		return nil
	}
	status, subject, err := told(ctx, s.DB)
	if err != nil || status == state.Status && subject == state.Subject() {
		return err
	}
	message := notification{
		Text: "spendbridge: " + state.Verdict(), Status: state.Status, Since: state.Since,
		Run: ended.Run, Needs: state.Todo, Report: ended.Report,
	}
	if err := post(ctx, hook, s.Redact, message); err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, "monitor/notification.tell", warehouse.Args{
		"run_id": string(ended.Run), "status": state.Status, "subject": state.Subject(), "told_at": s.Now(),
	})
	return err
}

// told returns the last message that the webhook got. Before the first one all
// is well.
func told(ctx context.Context, db warehouse.Runner) (status, subject string, err error) {
	err = db.Get(ctx, "monitor/notification.told", nil, &status, &subject)
	if errors.Is(err, sql.ErrNoRows) {
		return etl.StatusOK, "", nil
	}
	return status, subject, err
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
