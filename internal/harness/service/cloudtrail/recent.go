package cloudtrail

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Sighting is an event in short, as whoever runs the harness sees it.
type Sighting struct {
	ID        string
	Time      time.Time
	Source    string   // such as kms.amazonaws.com
	Name      string   // such as Decrypt
	Caller    string   // ARN, or the host name of the service that called
	ErrorCode string   // "" when it went well
	Resources []string // ARNs, or names of IAM
}

// Recent are the newest of the events that are in memory, those of all accounts and Regions, newest first, at most n.
// It asks nobody's permission, and no limit applies.
func (s *Service) Recent(ctx context.Context, n int) ([]Sighting, error) {
	if err := s.caughtUp(ctx); err != nil {
		return nil, err
	}
	var sightings []Sighting
	for _, events := range s.trail.inMemory(map[string]bool{}) { // the newest first
		for _, e := range slices.Backward(events) {
			if len(sightings) == n {
				return sightings, nil
			}
			sighting, err := e.sighting()
			if err != nil {
				return nil, err
			}
			sightings = append(sightings, sighting)
		}
	}
	return sightings, nil
}

func (e *event) sighting() (Sighting, error) {
	var r struct {
		UserIdentity identity `json:"userIdentity"`
		ErrorCode    string   `json:"errorCode"`
	}
	if err := json.Unmarshal(e.Record, &r); err != nil {
		return Sighting{}, fmt.Errorf("read event %s: %w", e.ID, err)
	}
	out := Sighting{
		ID: e.ID, Time: e.Time, Source: e.Source, Name: e.Name, ErrorCode: r.ErrorCode,
		Caller: r.UserIdentity.ARN,
	}
	if out.Caller == "" {
		out.Caller = r.UserIdentity.InvokedBy
	}
	for _, resource := range e.Resources {
		out.Resources = append(out.Resources, resource.Name)
	}
	return out, nil
}
