package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
)

// requestTimeout bounds one request, so that a server that hangs is a failure with a text.
const requestTimeout = 30 * time.Second

// request is one request with the answer it should get.
type request struct {
	method, path string
	body         []byte
	status       int
	answer       []byte // nil for any
}

// createRequest makes record id.
func createRequest(id int) request {
	body, err := json.Marshal(record.Record{
		ID: id, FirstName: fmt.Sprintf("First%d", id), LastName: fmt.Sprintf("Last%d", id),
		Email: fmt.Sprintf("person%d@example.com", id), Street: fmt.Sprintf("%d High Street", id),
		Postcode: fmt.Sprintf("AB%d 1CD", id%100),
	})
	if err != nil {
		panic(err) // a struct of strings and an int
	}
	return request{http.MethodPost, "/record", body, http.StatusCreated, []byte(`"Success"`)}
}

// readRequest finds record id, as createRequest made it.
func readRequest(id int) request {
	return request{http.MethodGet, fmt.Sprintf("/record/%d", id), nil, http.StatusOK, createRequest(id).body}
}

// loadSpec is a load to be sent.
type loadSpec struct {
	step, title string
	perSecond   float64 // already sped up
	ids         int     // requests are for 1 to ids, once
	make        func(id int) request
	// beside is done while the load goes on. The load goes on, from 1 again, until it has returned, but not much faster
	// than the article's: what beside waits for may be another program, which needs the processor as well.
	beside func(ctx context.Context) error
}

// overtime is how many times the article's pace a load keeps that waits for what is done beside it.
const overtime = 5

// send sends a load at fixed times and waits for all answers. The error is that of beside, or ctx's.
func (w *world) send(ctx context.Context, r *recorder, spec loadSpec) (*Load, error) {
	clear, err := w.disturb(spec.step)
	if err != nil {
		return nil, err
	}
	defer clear()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	beside := make(chan error, 1)
	go func() {
		var err error
		if spec.beside != nil {
			err = spec.beside(ctx)
		}
		beside <- err
	}()
	var (
		mu       sync.Mutex
		samples  []Sample
		inFlight sync.WaitGroup
		ended    bool
		failure  error
	)
	interval := time.Duration(float64(time.Second) / spec.perSecond)
	after := time.Duration(float64(interval) * max(1, w.cfg.Speedup/overtime))
	began := w.cfg.Now()
	for i := 0; i < spec.ids || !ended; i++ {
		due := began.Add(time.Duration(min(i, spec.ids))*interval + time.Duration(max(i-spec.ids, 0))*after)
		timer := time.NewTimer(due.Sub(w.cfg.Now()))
		for waiting := true; waiting; {
			select {
			case <-timer.C:
				waiting = false
			case failure = <-beside:
				ended, beside = true, nil
			case <-ctx.Done():
				timer.Stop()
				inFlight.Wait()
				if beside != nil {
					<-beside // it ends with ctx; until then it uses what the caller is about to take down
				}
				return newLoad(spec.step, spec.title, samples), context.Cause(ctx)
			}
		}
		inFlight.Go(func() {
			status, text := w.ask(ctx, spec.make(i%spec.ids+1))
			end := w.cfg.Now()
			mu.Lock()
			defer mu.Unlock()
			samples = append(samples, Sample{
				At: due.Sub(r.began).Seconds(), Latency: float64(end.Sub(due)) / float64(time.Millisecond),
				Status: status, Failure: text,
			})
			r.report(spec.step, len(samples), spec.ids)
		})
		if failure != nil {
			break
		}
	}
	inFlight.Wait()
	l := newLoad(spec.step, spec.title, samples)
	r.load(l)
	return l, failure
}

// disturb lays down the faults of a step; clear removes them.
func (w *world) disturb(step string) (clear func(), err error) {
	for _, rule := range w.cfg.Faults[step] {
		if _, err := w.harness.Faults().Add(rule); err != nil {
			return nil, fmt.Errorf("fault at step %s: %w", step, err)
		}
	}
	return w.harness.Faults().Clear, nil
}

// requestID is what differs between texts that are otherwise the same.
var requestID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// ask makes one request. failure is "" when the answer is what it should be.
func (w *world) ask(ctx context.Context, q request) (status int, failure string) {
	status, answer, err := w.exchange(ctx, q)
	if err != nil {
		return 0, "no answer: " + err.Error()
	}
	if status == q.status && (q.answer == nil || bytes.Equal(answer, q.answer)) {
		return status, ""
	}
	var problem struct{ Title, Detail string }
	if json.Unmarshal(answer, &problem) == nil && problem.Title != "" {
		return status, fmt.Sprintf("%d %s: %s", status, problem.Title,
			requestID.ReplaceAllString(problem.Detail, "<id>"))
	}
	return status, fmt.Sprintf("%d %.200s", status, answer)
}

func (w *world) exchange(ctx context.Context, q request) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.method, w.app+q.path, bytes.NewReader(q.body))
	if err != nil {
		return 0, nil, err
	}
	response, err := w.http.Do(r)
	if unanswered, ok := errors.AsType[*url.Error](err); ok {
		return 0, nil, unanswered.Err // without the address, which would make each text differ
	}
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
