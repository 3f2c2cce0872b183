package harness

import (
	"context"
	"path/filepath"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/outbound"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/remotekms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/upstream"
)

// ledgerKeys are the keys that protect ledgers.
func (h *Harness) ledgerKeys() (qldb.Keys, error) {
	if h.cfg.KMS == nil {
		return ledgerKeys{kms: h.kms, now: h.internalCall, observe: h.trail.Observe, faults: h.faults}, nil
	}
	var err error
	h.remote, err = remotekms.New(remotekms.Config{
		SDK: h.cfg.KMS.SDK(), Where: h.cfg.KMS.Where(), Grantee: h.cfg.KMSGrantee, Judge: h.authority,
		Timeout: h.cfg.KMS.Timeout, Fresh: h.cfg.Timing.KeyCache, Now: h.cfg.Clock.Now, Machine: h.cfg.SignatureNow,
	})
	return h.remote, err
}

// destinations are where exports and streams go.
func (h *Harness) destinations() (qldb.Objects, qldb.Records) {
	files := delivery.Options{NoSync: h.cfg.NoSync}
	var objects qldb.Objects = delivery.NewObjects(filepath.Join(h.cfg.DataDir, "s3"), files)
	var records qldb.Records = delivery.NewRecords(filepath.Join(h.cfg.DataDir, "kinesis"), h.cfg.Clock.Now, files)
	if h.cfg.S3 != nil {
		objects = upstream.NewObjects(upstreamOptions(h.cfg.S3))
	}
	if h.cfg.Kinesis != nil {
		records = upstream.NewRecords(upstreamOptions(h.cfg.Kinesis))
	}
	return objects, records
}

func upstreamOptions(s *outbound.Service) upstream.Options {
	return upstream.Options{SDK: s.SDK(), Where: s.Where(), AssumeRoles: s.IsAmazon(), Timeout: s.Timeout}
}

// Whereabouts say where keys, exports and streams are, in words for the user.
type Whereabouts struct{ Keys, Exports, Streams string }

// Whereabouts tells where what leaves the harness goes. A KMS elsewhere is asked as whom it is called, and the words
// say if it cannot be asked at the moment.
func (h *Harness) Whereabouts(ctx context.Context) Whereabouts {
	at := Whereabouts{
		Keys:    "KMS of this server",
		Exports: filepath.Join(h.cfg.DataDir, "s3", "<bucket>", "<prefix>"),
		Streams: filepath.Join(h.cfg.DataDir, "kinesis", "<account>", "<region>", "<data stream>.jsonl"),
	}
	if h.remote != nil {
		at.Keys = h.cfg.KMS.Where()
		if principal, err := h.remote.Principal(ctx, h.cfg.Region); err != nil {
			at.Keys += ", which cannot be asked yet: " + err.Error()
		} else {
			at.Keys += ", called as " + principal
		}
	}
	if h.cfg.S3 != nil {
		at.Exports = h.cfg.S3.Where()
	}
	if h.cfg.Kinesis != nil {
		at.Streams = h.cfg.Kinesis.Where()
	}
	return at
}
