package harness

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/console"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
)

// How many tables of a ledger, and how many audit records, the console lists.
const (
	maxShownTables = 50
	maxShownEvents = 40
	maxReadEvents  = 400 // those in a row that say the same are shown as one
)

// serveConsole shows the console to this machine alone. Another page that was led here, by a name that it lets point
// to this machine, is turned away by its Host. Browsers send the Origin of our own page along with its scripts.
func (h *Harness) serveConsole(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if !onLoopback(r) || origin != "" && origin != "http://"+r.Host {
		http.Error(w, "The console answers this machine only: open it there, at "+h.Endpoint()+"/", http.StatusForbidden)
		return
	}
	h.console.ServeHTTP(w, r)
}

// look is what the console shows. It opens no ledger and asks no key, so that looking leaves no trace.
func (h *Harness) look(ctx context.Context) (console.State, error) {
	report, err := h.qldb.Report(ctx)
	if err != nil {
		return console.State{}, err
	}
	state := console.State{
		Now: h.cfg.Clock.Now().UTC(), Endpoint: h.Endpoint(), Account: h.cfg.Account, Region: h.cfg.Region,
		DataDir: h.cfg.DataDir, Ledgers: []console.Ledger{}, Keys: []console.Key{},
		Operations: console.Operations(h.Recorder().Calls(0)),
	}
	var arns []string
	seen := map[string]bool{}
	name := func(n qldb.RootReport) {
		if !seen[n.Key] {
			seen[n.Key] = true
			arns = append(arns, n.Key)
		}
	}
	for _, l := range report.Ledgers {
		name(l.Root)
		if l.Next != nil {
			name(*l.Next)
		}
		shown, err := h.showLedger(l)
		if err != nil {
			return console.State{}, err
		}
		state.Ledgers = append(state.Ledgers, shown)
	}
	if h.cfg.KMS != nil {
		state.KMS, arns = h.cfg.KMS.Where(), nil
	}
	keys, err := h.kms.Report(ctx, arns)
	if err != nil {
		return console.State{}, err
	}
	for _, k := range keys {
		state.Keys = append(state.Keys, h.showKey(k))
	}
	state.Events, err = h.recentEvents(ctx)
	return state, err
}

func (h *Harness) recentEvents(ctx context.Context) ([]console.Event, error) {
	recent, err := h.trail.Recent(ctx, maxReadEvents)
	if err != nil {
		return nil, err
	}
	var events []console.Event
	for _, e := range recent {
		events = append(events, console.Event{
			ID: e.ID, Time: e.Time.UTC(), Source: e.Source, Name: e.Name, Caller: e.Caller, Error: e.ErrorCode,
			Resources: e.Resources,
		})
	}
	return console.Condense(events, maxShownEvents), nil
}

func showNode(n qldb.RootReport) console.Node {
	return console.Node{KeyARN: n.Key, GrantID: n.GrantID, ID: n.NodeID, Version: n.NodeVersion}
}

func (h *Harness) showLedger(l qldb.LedgerReport) (console.Ledger, error) {
	out := console.Ledger{
		Account: l.Account, Region: l.Region, Name: l.Name, ID: l.ID, State: l.State,
		EncryptionStatus: l.EncryptionStatus, InaccessibleSince: l.InaccessibleSince, KeyChangeDue: l.KeyChangeDue,
		Root: showNode(l.Root), Tables: []console.Table{},
	}
	for _, n := range l.Nodes {
		out.Branches = append(out.Branches, console.Branch{Role: n.Role, ID: n.ID, Version: n.Version})
	}
	if l.Next != nil {
		next := showNode(*l.Next)
		out.Next = &next
	}
	if !l.InaccessibleSince.IsZero() {
		out.Unread = "Its KMS key is not accessible, so nothing of it is read."
		return out, nil
	}
	opened := h.data.opened(l.ID)
	if opened == nil {
		out.Unread = "Nobody has opened it since the harness started. The console does not, as that would use the key."
		return out, nil
	}
	return out, readLedger(&out, opened)
}

// readLedger adds what an open ledger knows without reading a block.
func readLedger(out *console.Ledger, opened *engine.Ledger) error {
	digest, err := opened.Digest()
	if err != nil {
		return err
	}
	out.StrandID, out.Blocks = opened.StrandID(), uint64(digest.Tip.SequenceNo)+1
	out.Digest = base64.StdEncoding.EncodeToString(digest.Hash[:])
	for _, t := range opened.Tables() {
		switch {
		case !t.Active:
			out.Dropped++
		case len(out.Tables) == maxShownTables:
			out.More++
		default:
			out.Tables = append(out.Tables, console.Table{ID: t.ID, Name: t.Name})
		}
	}
	return nil
}

func (h *Harness) showKey(k kms.KeyReport) console.Key {
	out := console.Key{
		ARN: k.ARN, Description: k.Description, Manager: k.Manager, Spec: k.Spec, State: k.State, Created: k.Created,
		DeleteAt: k.DeleteAt, Rotation: k.Rotation, Materials: k.Materials, MoreGrants: k.MoreGrants,
		Aliases: []console.Alias{}, Grants: []console.Grant{},
	}
	for _, a := range k.Aliases {
		out.Aliases = append(out.Aliases, console.Alias{Name: a.Name, TargetARN: a.TargetARN, Updated: a.Updated})
	}
	for _, g := range k.Grants {
		out.Grants = append(out.Grants, console.Grant{
			ID: g.ID, Name: g.Name, Grantee: g.Grantee, Retiring: g.Retiring, Operations: g.Operations, Created: g.Created,
		})
	}
	out.Findings, out.Judged = h.judge.Findings(k.ARN, k.Account, k.Region, k.Partition, k.Policy)
	return out
}

// opened returns the engine of a ledger that is open and well, or nil.
func (j *journals) opened(id string) *engine.Ledger {
	j.mu.Lock()
	o := j.open[id]
	j.mu.Unlock()
	if o == nil {
		return nil
	}
	select {
	case <-o.ready:
	default:
		return nil
	}
	if o.err != nil || o.engine == nil || o.engine.Err() != nil {
		return nil
	}
	return o.engine
}
