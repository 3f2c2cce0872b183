package harness

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"
	"time"
)

// longestProfile bounds how long a request for a profile takes.
const longestProfile = time.Minute

// adminProfile says what the process computes during the next while: a CPU profile as `go tool pprof` reads it. It holds
// names of functions and no data. Only one is taken at a time.
func (h *Harness) adminProfile(ctx context.Context, body []byte) (any, error) {
	in := struct {
		Duration string `json:"duration"`
	}{Duration: "5s"}
	if err := decodeAdmin(body, &in); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(in.Duration)
	if err != nil || d <= 0 || d > longestProfile {
		return nil, fmt.Errorf("duration %q: want a duration up to %s, such as 5s", in.Duration, longestProfile)
	}
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return nil, &refusal{http.StatusConflict, "no profile is taken, perhaps since one is being taken: " + err.Error()}
	}
	over, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-over.Done()
	pprof.StopCPUProfile()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return map[string][]byte{"profile": profile.Bytes()}, nil
}
