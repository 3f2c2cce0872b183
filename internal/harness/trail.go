package harness

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func (h *Harness) newTrail(ctx context.Context) (*cloudtrail.Service, error) {
	return cloudtrail.New(ctx, cloudtrail.Config{
		State: h.store, Sealer: h.store.Sealer(), Logs: trailLogs{h.store}, Identities: trailIdentities{h.iam},
		Clock: h.cfg.Clock, Rand: h.cfg.Rand, Log: h.cfg.Log,
		Delay: h.cfg.Timing.TrailDelay, LookupsPerSecond: h.cfg.LookupsPerSecond,
	})
}

// closeTrail writes down what was recorded. There may be no trail yet.
func (h *Harness) closeTrail() error {
	if h.trail == nil {
		return nil
	}
	return h.trail.Close()
}

// recordEvent records what KMS does by itself.
func (h *Harness) recordEvent(e kms.Event) {
	h.trail.Happened(cloudtrail.ServiceEvent{
		Service: "kms", Name: e.Name, ResourceARN: e.KeyARN, At: e.At, Details: e.Details,
	})
}

// trailLogs are the logs of the data directory.
type trailLogs struct{ store *local.Store }

// OpenLog implements cloudtrail.Logs.
func (l trailLogs) OpenLog(ctx context.Context, name string) (cloudtrail.Log, error) {
	opened, err := l.store.OpenLog(ctx, name)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// RemoveLog implements cloudtrail.Logs.
func (l trailLogs) RemoveLog(name string) error { return l.store.RemoveLog(name) }

// trailIdentities is IAM as the trail sees it.
type trailIdentities struct{ iam *iam.Service }

// Session implements cloudtrail.Identities.
func (d trailIdentities) Session(ctx context.Context, c wire.Caller) (cloudtrail.Session, bool, error) {
	session, found, err := d.iam.SessionOf(ctx, c)
	if err != nil || !found {
		return cloudtrail.Session{}, false, err
	}
	s := cloudtrail.Session{IssuerARN: session.RoleARN, IssuerID: session.RoleID, Issued: session.Issued}
	if session.RoleID == "" {
		s.IssuerARN, s.IssuerID = session.UserARN, session.UserUID
	}
	return s, true, nil
}
