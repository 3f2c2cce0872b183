package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
)

// adminPath is where the harness's own requests live, outside every AWS API.
const adminPath = "/_harness/"

// maxAdminBody is in bytes.
const maxAdminBody = 64 << 10

func isAdmin(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, adminPath) }

// adminCall answers one admin request; body is its JSON, {} when there was none.
type adminCall func(h *Harness, ctx context.Context, body []byte) (answer any, err error)

// adminCalls are the requests under adminPath. Those that readable names may also be made with GET.
var (
	adminCalls = map[string]adminCall{
		"clock":        (*Harness).adminClock,
		"faults":       (*Harness).adminFaults,
		"faults/clear": (*Harness).adminClearFaults,
		"calls":        (*Harness).adminRecordedCalls,
		"calls/clear":  (*Harness).adminForgetCalls,
		"state":        (*Harness).adminState,
		"probe":        (*Harness).adminProbe,
		"keystores":    (*Harness).adminKeyStore,
		"profile":      (*Harness).adminProfile,
	}
	readable = map[string]bool{"clock": true, "faults": true, "calls": true, "state": true}
)

// refusal is an admin answer other than 200.
type refusal struct {
	status int
	text   string
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

// serveAdmin answers requests from this machine alone. A browser that was led here by a page is turned away by its
// Origin, or by a Host that is not ours.
func (h *Harness) serveAdmin(w http.ResponseWriter, r *http.Request) {
	answer, err := h.admin(r)
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		var refused *refusal
		if errors.As(err, &refused) {
			status = refused.status
		}
		answer = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		h.cfg.Log.Debug("an admin answer was not sent", "error", err)
	}
}

func (h *Harness) admin(r *http.Request) (any, error) {
	name := strings.TrimPrefix(r.URL.Path, adminPath)
	call, known := adminCalls[name]
	switch {
	case !fromHere(r):
		return nil, &refusal{http.StatusForbidden, adminPath + " answers requests from this machine only"}
	case !known:
		return nil, &refusal{http.StatusNotFound, "no such path: " + adminPath + name}
	case r.Method != http.MethodPost && !(r.Method == http.MethodGet && readable[name]):
		return nil, &refusal{http.StatusMethodNotAllowed, "send POST " + adminPath + name}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAdminBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(body) > maxAdminBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over %d bytes", maxAdminBody)}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	return call(h, r.Context(), body)
}

func fromHere(r *http.Request) bool { return r.Header.Get("Origin") == "" && onLoopback(r) }

// onLoopback says that r came from this machine, under a name that no other page can have.
func onLoopback(r *http.Request) bool {
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !isLoopback(remote) {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return isLoopback(strings.Trim(host, "[]"))
}

// decodeAdmin reads body into v. Unknown members are refused, so that a misspelt one does not pass for another.
func decodeAdmin(body []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

// adminClock moves or freezes the clock and answers with the time it shows then.
func (h *Harness) adminClock(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Advance string    `json:"advance"`
		Set     time.Time `json:"set"`
		Frozen  *bool     `json:"frozen"`
	}
	if err := decodeAdmin(body, &in); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration("0" + in.Advance)
	if err != nil || d < 0 {
		return nil, fmt.Errorf("advance %q: want a duration such as 30s or 720h", in.Advance)
	}
	if in.Frozen != nil && *in.Frozen {
		h.cfg.Clock.Freeze()
	}
	if in.Frozen != nil && !*in.Frozen {
		h.cfg.Clock.Thaw()
	}
	if !in.Set.IsZero() {
		h.cfg.Clock.Set(in.Set)
	}
	if err := h.Advance(ctx, d); err != nil {
		return nil, fmt.Errorf("the clock was moved, but not all that became due was done: %w", err)
	}
	return map[string]any{"now": h.cfg.Clock.Now()}, nil
}

// adminFaults adds the rule in body, if there is one, or releases the calls that a rule holds, and lists all rules.
func (h *Harness) adminFaults(_ context.Context, body []byte) (any, error) {
	var release struct {
		ID string `json:"release"`
	}
	switch err := json.Unmarshal(body, &release); {
	case err != nil:
		return nil, fmt.Errorf("body: %w", err)
	case release.ID != "":
		if !h.faults.Release(release.ID) {
			return nil, fmt.Errorf("there is no fault %q", release.ID)
		}
	case string(bytes.TrimSpace(body)) != "{}":
		rule, err := fault.Parse(body)
		if err != nil {
			return nil, err
		}
		added, err := h.faults.Add(rule)
		if err != nil {
			return nil, err
		}
		return map[string]any{"id": added.ID, "faults": h.faults.Rules()}, nil
	}
	return map[string]any{"faults": h.faults.Rules()}, nil
}

// adminClearFaults removes the rule that body names, or all.
func (h *Harness) adminClearFaults(_ context.Context, body []byte) (any, error) {
	var in struct {
		ID string `json:"id"`
	}
	if err := decodeAdmin(body, &in); err != nil {
		return nil, err
	}
	if in.ID == "" {
		h.faults.Clear()
	} else if !h.faults.Remove(in.ID) {
		return nil, fmt.Errorf("there is no fault %q", in.ID)
	}
	return map[string]any{"faults": h.faults.Rules()}, nil
}

// adminRecordedCalls lists the calls after the one with the id that body names.
func (h *Harness) adminRecordedCalls(_ context.Context, body []byte) (any, error) {
	var in struct {
		Since int `json:"since"`
	}
	if err := decodeAdmin(body, &in); err != nil {
		return nil, err
	}
	return map[string]any{"calls": h.Recorder().Calls(in.Since)}, nil
}

func (h *Harness) adminForgetCalls(context.Context, []byte) (any, error) {
	h.Recorder().Reset()
	return struct{}{}, nil
}

func (h *Harness) adminState(ctx context.Context, _ []byte) (any, error) { return h.qldb.Report(ctx) }

// Probe makes every ledger look at its key now.
func (h *Harness) Probe(ctx context.Context) error { return h.qldb.ProbeNow(ctx) }

func (h *Harness) adminProbe(ctx context.Context, _ []byte) (any, error) {
	if err := h.Probe(ctx); err != nil {
		return nil, err
	}
	return h.qldb.Report(ctx)
}

// adminKeyStore sets the connection state of a custom key store.
func (h *Harness) adminKeyStore(ctx context.Context, body []byte) (any, error) {
	in := struct {
		Account   string `json:"account"`
		Region    string `json:"region"`
		ID        string `json:"id"`
		State     string `json:"state"`
		ErrorCode string `json:"error_code"`
	}{Account: h.cfg.Account, Region: h.cfg.Region}
	if err := decodeAdmin(body, &in); err != nil {
		return nil, err
	}
	return struct{}{}, h.kms.SetConnectionState(ctx, in.Account, in.Region, in.ID, in.State, in.ErrorCode)
}
