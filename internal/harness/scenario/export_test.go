package scenario

import (
	"context"
	"net/http"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

// NewLoad counts samples.
var NewLoad = newLoad

// Send sends n requests, so many per second, to the functions at a URL; of cfg it needs pace, clock and progress.
func Send(ctx context.Context, cfg Config, h *harness.Harness, url string, n int, perSecond float64) (*Load, error) {
	w := &world{cfg: cfg, harness: h, app: url, http: http.DefaultClient}
	return w.send(ctx, newRecorder(cfg, script{}), loadSpec{step: "1a", perSecond: perSecond, ids: n, make: createRequest})
}
