package wire

import (
	"fmt"
	"runtime/debug"
	"slices"
)

// Observation is a call that was decided and answered.
//
// Call, In and Out are the call's own: they must not be changed, and they hold secrets, such as a plaintext data key.
// After the answer was sent nobody else changes them either, but for the bytes of secrets, which may be cleared.
type Observation struct {
	Call   *Call
	Access Access
	In     any    // pointer to the operation's input
	Out    any    // pointer to its output; nil without one
	Fault  *Fault // nil when the call succeeded
}

// Trail is what only the service that answers a call knows of it, for whoever records the call.
type Trail struct {
	Resources []string          // ARNs of what the call acted on, or was refused on, in order
	Extra     map[string]string // further facts by name; no secrets
}

// Touch notes what the call acts on. Noting it twice is the same as once: a transaction may run more than once.
func (c *Call) Touch(arn string) {
	if !slices.Contains(c.Trail.Resources, arn) {
		c.Trail.Resources = append(c.Trail.Resources, arn)
	}
}

// Note notes a further fact about the call.
func (c *Call) Note(name, value string) {
	if c.Trail.Extra == nil {
		c.Trail.Extra = map[string]string{}
	}
	c.Trail.Extra[name] = value
}

// decide marks the point from which on a call is observed: its signature is good and its input can be read.
func (s *Server) decide(x *exchange) error {
	x.decided = true
	return nil
}

// observe tells Observe. A call that failed only because its client left was not answered. What goes wrong there is
// logged and does not touch the call.
func (s *Server) observe(x *exchange, fault *Fault) {
	if s.cfg.Observe == nil || !x.decided || fault != nil && x.r.Context().Err() != nil && !x.done {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.cfg.Log.Error("a call was not observed", "request_id", x.call.RequestID, "error", fmt.Sprint(v),
				"stack", string(debug.Stack()))
		}
	}()
	o := Observation{Call: x.call, Access: x.op.Access, In: x.in, Fault: fault}
	if fault == nil {
		o.Out = x.out
	}
	s.cfg.Observe(o)
}
