package policy

// evidence is what the statements and grants that match a request add up to. More Allow never turns an allowed
// request into a denied one, nor more Deny the reverse; Can relies on it.
type evidence struct {
	denied   bool
	resource strength // the strongest Allow of the resource's policy
	identity bool

	// For each kind that only limits: whether it lets the request pass. Without such a policy it does.
	boundary, session bool
	control           []bool // one for each service control policy

	grant          bool
	grantToAccount bool // a grant to the whole account
}

func newEvidence(p *Policies) evidence {
	return evidence{
		boundary: p.Boundary == nil,
		session:  len(p.Session) == 0,
		control:  make([]bool, len(p.ServiceControl)),
	}
}

// add takes a matching statement of a.
func (ev *evidence) add(a attached, effect Effect, how strength) {
	if effect == Deny {
		ev.denied = true
		return
	}
	switch a.kind {
	case KeyPolicy, TrustPolicy:
		ev.resource = max(ev.resource, how)
	case IdentityPolicy:
		ev.identity = true
	case PermissionsBoundary:
		ev.boundary = true
	case SessionPolicy:
		ev.session = true
	case ServiceControlPolicy:
		ev.control[a.number] = true
	}
}

func (ev *evidence) addGrant(how strength) {
	if how == delegated {
		ev.grantToAccount = true
	} else {
		ev.grant = true
	}
}

// decide weighs the evidence. Among several reasons for a denial it gives the one the service would give.
//
// Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic"; KMS Developer Guide,
// "Troubleshooting key access".
func (s *setting) decide(c *Caller, ev evidence) (allowed bool, reason Reason) {
	switch {
	case s.unsupported:
		return false, NotAcrossAccounts
	case ev.denied:
		return false, ExplicitDeny
	}
	ev.identity = ev.identity || c.Kind == RootUser // it has no policies and needs none in its account
	allowed, reason = s.weigh(c, &ev)
	if allowed && c.Kind != AWSService { // services are in no organisation
		for _, passes := range ev.control {
			if !passes {
				return false, NoServiceControl
			}
		}
	}
	return allowed, reason
}

func (s *setting) weigh(c *Caller, ev *evidence) (allowed bool, reason Reason) {
	switch {
	case ev.grant, ev.grantToAccount && ev.identity: // boundary and session policy do not limit what a grant allows
		return true, ByGrant
	case s.resourceKind == "" && s.crossAccount, s.resourceKind != "" && ev.resource == noStrength:
		return false, NoResourcePolicy
	case s.resourceKind == "" && c.Kind == RootUser:
		return true, ByRootUser
	}
	reason = ByIdentityPolicy
	if s.resourceKind != "" {
		reason = ByResourcePolicy
		switch {
		case s.crossAccount:
		case ev.resource == direct:
			return true, reason
		case ev.resource == delegated:
			reason = ByDelegation
		}
	}
	needsIdentity := s.resourceKind == "" || s.crossAccount || ev.resource == delegated
	switch {
	case needsIdentity && !ev.identity:
		return false, NoIdentityPolicy
	case !ev.boundary:
		return false, NoBoundary
	case !ev.session:
		return false, NoSessionPolicy
	}
	return true, reason
}
